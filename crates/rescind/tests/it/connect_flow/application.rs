//! An application that sends its users to be connected, and takes them back.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The application's page.
pub struct Application {
    address: SocketAddr,
    /// The request lines and headers of every visit.
    visits: Arc<Mutex<Vec<Vec<String>>>>,
}

impl Application {
    /// Answers whoever comes until the test ends.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let visits = Arc::default();
        let noted = Arc::clone(&visits);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                // A browser opens connections that it then does not use: none waits for another.
                std::thread::spawn(move || answer(connection, &noted));
            }
        });
        Self { address, visits }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A header of the last visit to a page of that path.
    pub fn header_of(&self, path: &str, name: &str) -> Option<String> {
        let visits = self.visits.lock().expect("no panic");
        let wanted = format!("GET {path}");
        let visit = visits
            .iter()
            .rev()
            .find(|visit| visit[0].starts_with(&wanted));
        let visit = visit.expect("somebody came");
        visit.iter().skip(1).find_map(|line| {
            let (header, value) = line.split_once(':')?;
            header
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    }
}

fn answer(mut connection: TcpStream, visits: &Mutex<Vec<Vec<String>>>) {
    const PAGE: &str = "<!doctype html><title>Back</title><main id=\"application\">Back</main>";
    let lines = BufReader::new(&connection).lines().map_while(Result::ok);
    let visit: Vec<String> = lines.take_while(|line| !line.is_empty()).collect();
    if visit.is_empty() {
        return;
    }
    visits.lock().expect("no panic").push(visit);
    // Whoever does not wait for the answer needs none.
    let _ = write!(
        connection,
        "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{PAGE}",
        PAGE.len()
    );
}
