//! `nodex new`: a node project that builds and passes its test as it stands, on request inside of a mix project.

mod files;
mod name;
mod source;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use nodex_core::error::Chain;
use serde_json::json;

use self::{
    name::Name,
    source::{Source, Sources},
};
use crate::{
    failure::{Code, Failure},
    options::Global,
    output::Screen,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to make; its name is that of the crate
    dir: PathBuf,
    /// Make a mix project with the node in native/ and a child that starts it
    #[arg(long)]
    elixir: bool,
    /// Where the project takes nodex from: a folder or the URL of a git repository [default: the folder that this
    /// command was built from]
    #[arg(long, value_name = "PATH|URL")]
    nodex: Option<String>,
    /// Take the crates from a package registry, where their names begin with PREFIX; with --elixir, --nodex still says
    /// where the Elixir package is
    #[arg(long, value_name = "PREFIX")]
    registry: Option<String>,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let name = Name::of(&args.dir, args.elixir)?;
    let sources = Sources::find(args.registry.as_deref(), args.nodex.as_deref(), args.elixir)?;
    must_be_free(&args.dir)?;
    let dir = source::real(&args.dir).map_err(|error| cannot_be(&args.dir, "made", &error))?;
    let files = files::all(&dir, &name, &sources);

    let mut written = Written::default();
    let result = files.iter().try_for_each(|file| written.write(&args.dir, &file.path, &file.text));
    if let Err(failure) = result.and_then(|()| copy_lock(&mut written, &args, &name, &sources.crates)) {
        written.remove();
        return Err(failure);
    }
    tell(&args, &name, &sources, &files, global)
}

/// An empty folder will do, so that `nodex new .` works.
fn must_be_free(dir: &Path) -> Result<(), Failure> {
    let taken = |what| {
        let failure = Failure::new(Code::Usage, format!("{} {what}", dir.display()));
        Err(failure.hint("give a folder that is not there yet, or an empty one"))
    };
    match fs::read_dir(dir).map(Iterator::count) {
        Ok(0) => Ok(()),
        Ok(_) => taken("is not empty"),
        Err(_) if fs::symlink_metadata(dir).is_ok() => taken("is there, and is no folder that can be read"),
        Err(_) => Ok(()),
    }
}

/// The versions that nodex is built and tested with. They are here already, so the project builds without a network.
fn copy_lock(written: &mut Written, args: &Args, name: &Name, source: &Source) -> Result<(), Failure> {
    match source {
        Source::Folder(folder) if folder.join("Cargo.lock").is_file() => {
            let lock = folder.join("Cargo.lock");
            let text = fs::read_to_string(&lock).map_err(|error| cannot_be(&lock, "read", &error))?;
            written.write(&args.dir, &files::crate_folder(name, args.elixir).join("Cargo.lock"), &text)
        }
        _ => Ok(()),
    }
}

/// What is there so far, to be removed when the rest cannot be written.
#[derive(Default)]
struct Written {
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Written {
    fn write(&mut self, dir: &Path, path: &Path, text: &str) -> Result<(), Failure> {
        let file = dir.join(path);
        let folder = file.parent().unwrap_or(dir);
        let missing: Vec<&Path> = folder.ancestors().take_while(|part| !part.exists()).collect();
        for part in missing.into_iter().rev().filter(|part| !part.as_os_str().is_empty()) {
            fs::create_dir(part).map_err(|error| cannot_be(part, "made", &error))?;
            self.folders.push(part.to_owned());
        }
        // Listed first, because a file of which only a part is written is there too.
        self.files.push(file.clone());
        fs::write(&file, text).map_err(|error| cannot_be(&file, "written", &error))
    }

    /// Files that cannot be removed stay, and the first error is reported.
    fn remove(&self) {
        for file in &self.files {
            let _ = fs::remove_file(file);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

fn cannot_be(path: &Path, done: &str, error: &std::io::Error) -> Failure {
    Failure::new(Code::Usage, format!("{} cannot be {done}: {error}", path.display(), error = Chain(&error)))
}

fn tell(
    args: &Args,
    name: &Name,
    sources: &Sources,
    files: &[files::File],
    global: &Global,
) -> Result<ExitCode, Failure> {
    let screen = Screen::new(global.quiet);
    let paths: Vec<PathBuf> = files.iter().map(|file| args.dir.join(&file.path)).collect();
    if global.json {
        screen.json(json!({ "name": name.krate, "dir": args.dir, "files": paths }))?;
        return Ok(ExitCode::SUCCESS);
    }
    for path in paths {
        screen.data(path.display())?;
    }
    screen.talk("");
    screen.talk(format_args!("{} is ready. Next:", screen.err.good(&name.krate)));
    if args.dir != Path::new(".") {
        screen.talk(format_args!("  cd {}", args.dir.display()));
    }
    if matches!(sources.elixir, Some(Source::Git(_))) {
        screen.talk("  mix deps.get");
    }
    let (test, then) = match args.elixir {
        true => ("mix test", "iex -S mix".to_owned()),
        false => {
            let run = format!("nodex run target/release/{} --call '{{:hello, \"Ada\"}}'", name.krate);
            ("cargo test", format!("cargo build --release\n  {run}"))
        }
    };
    screen.talk(format_args!("  {test:<24}{}", screen.err.dim("# the first time takes a minute")));
    screen.talk(format_args!("  {then}"));
    screen.talk(format_args!("README.md says how to call it."));
    Ok(ExitCode::SUCCESS)
}
