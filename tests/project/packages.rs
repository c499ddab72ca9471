//! `scripts/package`: the crates under other names, and a project that uses them as packages, not as part of this
//! repository.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

const PREFIX: &str = "my-nodes";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder")
}

/// Runs it to its end, gives what it wrote to stdout.
fn succeeds(command: &mut Command) -> String {
    command.env("CARGO_TARGET_DIR", target()).env("CARGO_NET_OFFLINE", "true");
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{said}\n{errors}", output.status);
    said.into_owned()
}

/// The `nodex` command, which lies beside the folder of this program.
fn nodex() -> PathBuf {
    let own = env::current_exe().expect("a program");
    let path = own.ancestors().nth(2).expect("target/<profile>/deps/<test>").join("nodex");
    assert!(path.is_file(), "{} is not there: `cargo build --workspace --bins` builds it", path.display());
    path
}

/// Removes what the script has written.
struct Written(PathBuf);

impl Drop for Written {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Cargo, where the packages lie in this folder and not in a registry yet. The profile is that of this workspace, so that
/// what it has built of other crates serves here too.
fn cargo(packages: &[PathBuf], folder: &Path) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(folder).args(["--config", "profile.dev.debug=\"line-tables-only\""]);
    for package in packages {
        let name = package.file_name().expect("a name").to_string_lossy();
        let name = name.rsplit_once('-').expect("a version").0;
        // What is built in this folder is no patch.
        if !folder.starts_with(package) {
            cargo.args(["--config", &format!("patch.crates-io.{name}.path=\"{}\"", package.display())]);
        }
    }
    cargo
}

#[test]
fn packages_build_under_other_names() {
    let written = Written(target().join(format!("package-{PREFIX}")));
    let said = succeeds(Command::new(root().join("scripts/package")).args(["--no-verify", PREFIX]));
    let unpacked = written.0.join("unpacked");
    fs::create_dir(&unpacked).expect("a folder");
    let mut packages = Vec::new();
    for package in said.lines().filter(|line| line.ends_with(".crate")) {
        succeeds(Command::new("tar").arg("-xzf").arg(package).arg("-C").arg(&unpacked));
        packages.push(unpacked.join(Path::new(package).file_stem().expect("a name")));
    }
    let version = env!("CARGO_PKG_VERSION");
    let package = |name: &str| unpacked.join(format!("{PREFIX}{name}-{version}"));
    for name in ["", "-core", "-macros", "-host", "-cli", "-bench"] {
        assert!(packages.contains(&package(name)), "no {PREFIX}{name} in {packages:?}");
        for file in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            let path = if name.is_empty() && file == "README.md" { "src/README.md" } else { file };
            assert!(package(name).join(path).is_file(), "no {path} in {PREFIX}{name}");
        }
        assert!(!package(name).join("tests").exists(), "{PREFIX}{name} has its tests with it");
    }

    // The command with all that it needs: templates, scripts, the other crates. It lies below a workspace that is not its own.
    let manifest = package("-cli").join("Cargo.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    fs::write(&manifest, text + "\n[workspace]\n").expect("a manifest");
    succeeds(cargo(&packages, &package("-cli")).args(["check", "--all-features"]));

    let project = written.0.join("calc");
    succeeds(Command::new(nodex()).args(["new", "--quiet", "--registry", PREFIX]).arg(&project));
    let manifest = fs::read_to_string(project.join("Cargo.toml")).expect("a manifest");
    let line = format!("nodex = {{ package = \"{PREFIX}\", version = \"{version}\" }}\n");
    assert!(manifest.contains(&line), "{manifest}");
    // What the macros write is found, because the library has the name that it always has.
    fs::copy(package("-cli").join("Cargo.lock"), project.join("Cargo.lock")).expect("the versions that are here");
    let said = succeeds(cargo(&packages, &project).args(["test", "--bin", "calc"]));
    assert!(said.contains("test tests::answers ... ok"), "{said}");
}
