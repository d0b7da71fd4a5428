//! Puts the git commit into the programs, for `--version` and for the orchestrator's check
//! that all programs come from the same build.

use std::path::Path;
use std::process::Command;

fn main() {
    let output = Command::new("git")
        .args(["rev-parse", "--short=12", "HEAD"])
        .output();
    let commit = match output {
        Ok(out) if out.status.success() => String::from_utf8_lossy(&out.stdout).trim().to_owned(),
        _ => "unknown".to_owned(),
    };
    println!("cargo:rustc-env=FOOTBALL_BOT_COMMIT={commit}");
    println!("cargo:rerun-if-changed=build.rs");
    // HEAD names a branch; the log of HEAD moves with every commit.
    for path in ["../../.git/HEAD", "../../.git/logs/HEAD"] {
        if Path::new(path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
}
