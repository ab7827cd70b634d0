//! A real browser: headless Chromium, driven by chromedriver.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::common::command::FormatRequestData;
use thirtyfour::extensions::query::ElementPollerWithTimeout;
use thirtyfour::prelude::*;
use thirtyfour::{ChromeCapabilities, LoggingPrefsLogLevel, RequestData, SessionId};
use tokio::sync::{Mutex as AsyncMutex, MutexGuard};

use super::parties::client;
use crate::support::first_line_with;

/// A browser takes a processor and a few hundred megabytes: one test after the other has one.
static ONE_TEST_AT_A_TIME: AsyncMutex<()> = AsyncMutex::const_new(());

/// What a person would wait for a page, on a machine that does many other things.
const PATIENCE: Duration = Duration::from_mins(1);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

const WHAT_TO_INSTALL: &str = "this test needs Chromium and its driver: on Debian, \
     `apt-get install chromium chromium-driver`";

/// In containers there is neither a sandbox nor much shared memory; and nothing is to leave this
/// machine: no update, no report, no name is looked up.
const ARGUMENTS: [&str; 13] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pings",
    "--no-proxy-server",
    "--window-size=800,900",
    // Whether a page that one goes back to comes from memory depends on how much there is.
    "--disable-features=BackForwardCache",
    // `localhost` is another site than `127.0.0.1`, and the same machine.
    "--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Where browsers come from: a driver, for one test at a time.
pub struct Browsers {
    driver: Child,
    address: String,
    folder: TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Browsers {
    pub async fn start() -> Self {
        let turn = ONE_TEST_AT_A_TIME.lock().await;
        let folder = tempfile::tempdir().expect("a folder");
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            // What a browser keeps beside its profile must not get into anybody's home.
            .env("HOME", folder.path())
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("XDG_CACHE_HOME")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // The browsers that it starts are in its group, and end with it.
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("chromedriver: {error}; {WHAT_TO_INSTALL}"));
        let ready = "started successfully on port ";
        let line = first_line_with(&mut driver, ready);
        let port = line.split(ready).nth(1).expect("what was looked for");
        Self {
            address: format!("http://127.0.0.1:{}", port.trim_end().trim_end_matches('.')),
            driver,
            folder,
            _turn: turn,
        }
    }

    /// A browser as it comes, that knows no other's cookies.
    pub async fn open(&self) -> Browser {
        self.open_with(&json!({})).await
    }

    /// A browser that runs no scripts of pages.
    pub async fn open_without_scripts(&self) -> Browser {
        const BLOCKED: u8 = 2;
        self.open_with(&json!({"profile.managed_default_content_settings.javascript": BLOCKED}))
            .await
    }

    async fn open_with(&self, preferences: &Value) -> Browser {
        let profile = tempfile::tempdir_in(self.folder.path()).expect("a folder");
        let capabilities = capabilities(profile.path(), preferences).expect("JSON");
        let poller = ElementPollerWithTimeout::new(PATIENCE, BETWEEN_LOOKS);
        let driver = WebDriver::builder(&self.address, capabilities)
            .client(client(PATIENCE))
            .poller(Arc::new(poller))
            .await
            .unwrap_or_else(|error| panic!("no browser: {error}; {WHAT_TO_INSTALL}"));
        Browser {
            driver,
            seen: Mutex::default(),
            traffic: Mutex::default(),
        }
    }
}

impl Drop for Browsers {
    fn drop(&mut self) {
        let group = Pid::from_raw(self.driver.id().cast_signed());
        let _ = killpg(group, Signal::SIGKILL);
        let _ = self.driver.wait();
    }
}

fn capabilities(profile: &Path, preferences: &Value) -> WebDriverResult<ChromeCapabilities> {
    // The name by which chromedriver knows every browser of its kind.
    let mut capabilities = DesiredCapabilities::chrome();
    for argument in ARGUMENTS {
        capabilities.add_arg(argument)?;
    }
    capabilities.add_arg(&format!("--user-data-dir={}", profile.display()))?;
    capabilities.add_experimental_option("prefs", preferences)?;
    capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
    Ok(capabilities)
}

/// One browser, with cookies of its own. Dropping it closes it.
pub struct Browser {
    driver: WebDriver,
    /// What stood on each page, as the browser had it.
    seen: Mutex<Vec<String>>,
    traffic: Mutex<Traffic>,
}

/// What a browser asked for and was answered.
#[derive(Default)]
struct Traffic {
    requests: Vec<String>,
    /// The last status of each address.
    statuses: BTreeMap<String, u64>,
}

/// The page that a browser is at.
#[derive(Debug)]
pub struct Page {
    pub address: String,
    pub status: u64,
    /// The attributes of its `main`, by their names.
    pub about: BTreeMap<String, String>,
    pub title: String,
    pub text: String,
}

impl Page {
    /// An attribute of its `main`.
    pub fn about(&self, name: &str) -> &str {
        self.about.get(name).map_or("", String::as_str)
    }
}

impl Browser {
    pub async fn go(&self, address: &str) {
        self.driver.goto(address).await.expect("the page loads");
    }

    pub async fn back(&self) {
        self.driver.back().await.expect("there is a page before");
    }

    pub async fn reload(&self) {
        self.driver.refresh().await.expect("the page loads");
    }

    /// The element of that CSS selector, once it is there.
    pub async fn find(&self, selector: &str) -> WebElement {
        match self.driver.query(By::Css(selector)).first().await {
            Ok(element) => element,
            Err(error) => {
                let source = self.driver.source().await.unwrap_or_default();
                panic!("no {selector} ({error}) in {source}")
            }
        }
    }

    /// Every element of that CSS selector that is there now.
    pub async fn all(&self, selector: &str) -> Vec<WebElement> {
        let found = self.driver.find_all(By::Css(selector)).await;
        found.expect("the page can be searched")
    }

    pub async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        element.click().await.expect("it can be clicked");
    }

    /// Writes into a field, in place of what stands there.
    pub async fn write(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.expect("it can be written to");
        field.send_keys(text).await.expect("it can be written to");
    }

    /// The page, once it has an element of that CSS selector.
    pub async fn page_with(&self, selector: &str) -> Page {
        self.find(selector).await;
        let source = self.driver.source().await.expect("a source");
        self.seen.lock().expect("no panic").push(source);
        let address = self.address().await;
        self.note_traffic().await;
        let mut about = BTreeMap::new();
        let main = self.find("main").await;
        for name in [
            "data-page",
            "data-status",
            "data-problem",
            "data-connected-account-id",
        ] {
            if let Some(value) = main.attr(name).await.expect("the page is still there") {
                about.insert(name.to_owned(), value);
            }
        }
        let status = self.status_of(&address);
        Page {
            status: status.expect("the browser was answered"),
            address,
            about,
            title: self.driver.title().await.expect("a title"),
            text: main.text().await.expect("a text"),
        }
    }

    pub async fn address(&self) -> String {
        self.driver.current_url().await.expect("an address").into()
    }

    fn status_of(&self, address: &str) -> Option<u64> {
        let traffic = self.traffic.lock().expect("no panic");
        traffic.statuses.get(address).copied()
    }

    /// What stood on every page that was looked at.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().expect("no panic").clone()
    }

    /// Everything that was asked for, in its order.
    pub async fn requests(&self) -> Vec<String> {
        self.note_traffic().await;
        self.traffic.lock().expect("no panic").requests.clone()
    }

    /// What the page's own script could find out.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let script = format!("return {expression};");
        let found = self.driver.execute(script, Vec::new()).await;
        found
            .expect("the expression means something")
            .json()
            .clone()
    }

    /// The name by which assistive technology announces an element, and as what.
    pub async fn announced(&self, element: &WebElement) -> (String, String) {
        (
            self.computed(element, "computedlabel").await,
            self.computed(element, "computedrole").await,
        )
    }

    /// Shows pages in a window of that size, as soon as the page knows of it.
    pub async fn resize(&self, width: u32, height: u32) {
        let resized = self.driver.set_window_rect(0, 0, width, height).await;
        resized.expect("a window of that size");
        let script = "const [width, done] = arguments;
            const look = () => innerWidth === width ? done() : requestAnimationFrame(look);
            look();";
        let looked = self.driver.execute_async(script, vec![json!(width)]).await;
        looked.expect("the page is as wide as its window");
    }

    pub async fn press(&self, key: Key) {
        let chain = self.driver.action_chain().send_keys(key);
        chain.perform().await.expect("a key can be pressed");
    }

    /// The id of what the keyboard acts on.
    pub async fn focused(&self) -> String {
        let element = self.driver.active_element().await.expect("an element");
        element.id().await.expect("an element").unwrap_or_default()
    }

    async fn computed(&self, element: &WebElement, what: &'static str) -> String {
        let asked = Computed {
            element: element.element_id().to_string(),
            what,
        };
        let answer = self.driver.cmd(asked).await.expect("the driver knows");
        answer.value().expect("a text")
    }

    /// Reads what the browser has recorded since the last time.
    async fn note_traffic(&self) {
        let entries = self.driver.get_log("performance").await.expect("a record");
        let mut traffic = self.traffic.lock().expect("no panic");
        for entry in entries {
            let event: Value = serde_json::from_str(&entry.message).expect("JSON");
            traffic.note(&event["message"]);
        }
    }
}

impl Traffic {
    /// Takes in an event of <https://chromedevtools.github.io/devtools-protocol/tot/Network/>.
    fn note(&mut self, event: &Value) {
        let parameters = &event["params"];
        let text = |value: &Value| value.as_str().expect("an address").to_owned();
        match event["method"].as_str() {
            Some("Network.requestWillBeSent") => {
                let address = text(&parameters["request"]["url"]);
                // A new window shows a page of the browser's own.
                if !address.starts_with("chrome://") {
                    self.requests.push(address);
                }
            }
            Some("Network.responseReceived") => {
                let response = &parameters["response"];
                let status = response["status"].as_u64().expect("a status");
                self.statuses.insert(text(&response["url"]), status);
            }
            _ => {}
        }
    }
}

/// A question that the crate has no method for:
/// <https://www.w3.org/TR/webdriver2/#get-computed-label>.
#[derive(Debug)]
struct Computed {
    element: String,
    what: &'static str,
}

impl FormatRequestData for Computed {
    fn format_request(&self, session: &SessionId) -> RequestData {
        let Self { element, what } = self;
        RequestData::new(
            "GET".parse().expect("a method"),
            format!("session/{session}/element/{element}/{what}"),
        )
    }
}
