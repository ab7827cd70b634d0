//! `rescind init`: write a target file to begin with.

use std::io::{self, Write as _};
use std::path::Path;

use super::{NotReady, write_atomically};
use crate::arguments::Init;
use crate::{assets, exit, output};

/// Runs the command. Returns the exit code.
pub fn run(arguments: &Init) -> u8 {
    match write(arguments) {
        Ok(()) => {
            let path = arguments.path.display();
            output::talk(&format!(
                "wrote `{path}`: fill in what it asks for, then `rescind doctor --target {path}`"
            ));
            exit::PASS
        }
        Err(not_ready) => not_ready.report(),
    }
}

fn write(arguments: &Init) -> Result<(), NotReady> {
    let path = &arguments.path;
    let text = assets::target_template(arguments.preset);
    let written = if arguments.force {
        write_atomically(path, text)
    } else {
        write_new(path, text)
    };
    written.map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            NotReady::Problem(
                format!("`{}` is there already, and stays as it is", path.display()),
                "name another file, or overwrite it with `--force`".to_owned(),
            )
        } else {
            NotReady::Problem(
                format!("`{}` cannot be written: {error}", path.display()),
                "check the path, and that this user may write there".to_owned(),
            )
        }
    })
}

/// Writes a file that is not there yet: as a whole or not at all, and never over another one, even
/// if that comes at the same moment.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if path.symlink_metadata().is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = folder
        .unwrap_or(Path::new("."))
        .join(format!(".{name}.{}", std::process::id()));
    let written = std::fs::File::create_new(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        // Unlike a rename, a link fails if something is there.
        .and_then(|()| std::fs::hard_link(&unfinished, path));
    // What is left of an attempt is of no use to anybody.
    let _ = std::fs::remove_file(&unfinished);
    written
}
