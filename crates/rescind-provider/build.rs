//! Rebuilds when a profile changes: they are embedded by a macro, which cargo cannot see through.

fn main() {
    println!("cargo:rerun-if-changed=../../fixtures/providers");
}
