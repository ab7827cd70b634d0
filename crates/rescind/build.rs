//! Embedding a folder does not make its new files rebuild the program: this does.

fn main() {
    for folder in ["../../fixtures", "../../scenarios"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}
