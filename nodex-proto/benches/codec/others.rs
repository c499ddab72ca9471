//! The C library and the BEAM, each a program that reads the same terms.

use std::{path::Path, process::Command};

use crate::report::Report;

/// Adds their figures; what cannot be measured is left out, and the report says so.
pub(crate) fn measure(report: &mut Report, root: &Path, target: &Path, corpus: &Path) {
    let (out, sources) = (target.join("c_src"), root.join("c_src"));
    let program = out.join("codec_ei");
    let mut make = Command::new("make");
    make.args(["-s", "-C"]).arg(sources).arg(format!("OUT={}", out.display())).arg(&program);
    match make.output() {
        Ok(output) if output.status.success() => figures(report, "ei", Command::new(program).arg(corpus)),
        Ok(output) => report.left_out("ei", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => report.left_out("ei", &format!("make: {error}")),
    }
    let script = root.join("nodex-proto/benches/codec/beam.escript");
    figures(report, "BEAM", Command::new("escript").arg(script).arg(corpus));
}

/// Lines such as `ping decode 39.5`.
fn figures(report: &mut Report, who: &str, command: &mut Command) {
    println!("{who}: {command:?}");
    let output = match command.output() {
        Ok(output) if output.status.success() => output,
        Ok(output) => {
            let error = String::from_utf8_lossy(&output.stderr);
            return report.left_out(who, &format!("{}, {}", output.status, error.trim()));
        }
        Err(error) => return report.left_out(who, &format!("does not start: {error}")),
    };
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.split(' ');
        if let (Some(name), Some(way), Some(Ok(figure))) = (words.next(), words.next(), words.next().map(str::parse)) {
            report.figure(name, &format!("{way} {who}"), figure);
        }
    }
}

/// The versions of all.
pub(crate) fn about(root: &Path) -> Vec<(String, String)> {
    let first_line = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).current_dir(root).output().ok()?;
        String::from_utf8_lossy(&output.stdout).lines().next().map(str::to_owned)
    };
    let release = "io:put_chars(erlang:system_info(otp_release)), halt().";
    let changed = first_line("git", &["status", "--porcelain"]).is_some();
    let commit = first_line("git", &["rev-parse", "--short", "HEAD"]);
    [
        ("rustc", first_line("rustc", &["--version"])),
        ("cc", first_line("cc", &["--version"])),
        (
            "BEAM and ei",
            first_line("erl", &["-noinput", "-eval", release]).map(|release| format!("Erlang/OTP {release}")),
        ),
        ("commit", commit.map(|commit| format!("{commit}{}", if changed { " with changes" } else { "" }))),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value?)))
    .collect()
}
