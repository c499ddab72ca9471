//! The crates of the workspace, or of another one at `NODEX_TIDY_ROOT`.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::OnceLock,
};

use crate::graph::{Crate, Graph, Sources};

/// Set to look at another folder than this repository: any commit, wherever it is checked out.
const ROOT: &str = "NODEX_TIDY_ROOT";

/// A text file.
pub(crate) struct File {
    /// Relative to the root.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The folder that is looked at.
pub(crate) fn root() -> PathBuf {
    std::env::var_os(ROOT).map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}

/// Every text file of the repository, build folders aside.
pub(crate) fn files() -> &'static [File] {
    static FILES: OnceLock<Vec<File>> = OnceLock::new();
    FILES.get_or_init(|| {
        let all = read(&root());
        assert!(all.len() > 100, "only {} files found", all.len());
        all
    })
}

fn read(root: &Path) -> Vec<File> {
    let mut all = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            // A build folder holds whole systems (scripts/otp), and has cargo's tag only if cargo has made it; mix has
            // `_build`, and `tmp` for its tests.
            let is_built = [".git", "target", "_build", "tmp"].contains(&&*name);
            if path.is_symlink() || is_built || path.join("CACHEDIR.TAG").exists() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
                all.push(File { path, text });
            }
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    all
}

/// Which file of the workspace uses which other one.
pub(crate) fn graph() -> &'static Graph {
    static GRAPH: OnceLock<Graph> = OnceLock::new();
    GRAPH.get_or_init(|| {
        let sources: Sources = files()
            .iter()
            .filter(|file| file.path.ends_with(".rs"))
            .map(|file| (file.path.clone(), file.text.clone()))
            .collect();
        let crates = packages().into_iter().flat_map(|package| crates(&package, &sources)).collect();
        Graph::new(&sources, crates)
    })
}

/// A package of the workspace.
pub(crate) struct Package {
    /// Ends with a slash unless it is the root.
    folder: String,
    manifest: toml::Table,
}

/// The members of the workspace.
pub(crate) fn packages() -> Vec<Package> {
    let text = |path: &str| files().iter().find(|file| file.path == path).map(|file| file.text.as_str());
    let parse = |path: &str| -> toml::Table {
        let text = text(path).unwrap_or_else(|| panic!("no {path}"));
        text.parse().unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let members = parse("Cargo.toml")["workspace"]["members"].as_array().expect("members").clone();
    let package = |member: &toml::Value| match member.as_str() {
        Some(".") => Package { folder: String::new(), manifest: parse("Cargo.toml") },
        Some(folder) => Package { folder: format!("{folder}/"), manifest: parse(&format!("{folder}/Cargo.toml")) },
        None => panic!("{member} is no folder"),
    };
    members.iter().map(package).collect()
}

impl Package {
    pub(crate) fn name(&self) -> &str {
        self.manifest["package"]["name"].as_str().expect("a name")
    }

    /// The crates that it depends on, as they are called in code.
    pub(crate) fn dependencies(&self, tables: &[&str]) -> BTreeSet<String> {
        let of = |table: &toml::Table| {
            let found = tables.iter().filter_map(|name| table.get(*name)?.as_table());
            found.flat_map(|table| table.keys().map(|name| library(name))).collect::<Vec<String>>()
        };
        let targets = self.manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
        let by_target = targets.filter_map(|(_, table)| table.as_table()).flat_map(of);
        of(&self.manifest).into_iter().chain(by_target).collect()
    }
}

/// What a package is called in code.
fn library(package: &str) -> String {
    match package {
        "md-5" => "md5".to_owned(),
        _ => package.replace('-', "_"),
    }
}

/// The library of a package, its programs and its benchmarks.
fn crates(package: &Package, sources: &Sources) -> Vec<Crate> {
    let folder = &package.folder;
    let is_there = |path: &str| sources.contains_key(path);
    let normal = package.dependencies(&["dependencies"]);
    let library = format!("{folder}src/lib.rs");
    let name = package.name().replace('-', "_");
    let mut all = Vec::new();
    if is_there(&library) {
        all.push(Crate { name: name.clone(), root: library.clone(), externs: normal.clone() });
    }
    let mut with_library = normal;
    if is_there(&library) {
        with_library.insert(name.clone());
    }
    let main = format!("{folder}src/main.rs");
    if is_there(&main) {
        all.push(Crate { name: format!("{name} (program)"), root: main, externs: with_library.clone() });
    }
    let with_tests = with_library.union(&package.dependencies(&["dev-dependencies"])).cloned().collect();
    for (place, externs) in [("src/bin/", &with_library), ("benches/", &with_tests)] {
        let start = format!("{folder}{place}");
        // Below the root there are other packages.
        for (path, _) in sources.range(start.clone()..).take_while(|(path, _)| path.starts_with(&start)) {
            let inner = &path[start.len()..];
            let program =
                inner.strip_suffix("/main.rs").or_else(|| inner.strip_suffix(".rs").filter(|_| place != "benches/"));
            if let Some(program) = program.filter(|program| !program.contains('/')) {
                all.push(Crate { name: format!("{name} {program}"), root: path.clone(), externs: externs.clone() });
            }
        }
    }
    all
}
