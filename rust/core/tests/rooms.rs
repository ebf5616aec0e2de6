//! The floor plan of the engine, held against its sources: no module imports from a floor above its own, none takes
//! part in a circle, and no file is too long to read.
//!
//! Every path counts that leads from one file to another, inside functions too; what is compiled for tests alone is
//! free. A path leads to the file in which the thing stands: a name that a folder's `mod.rs` only re-exports is an
//! import from where it comes from, and the re-export itself is an entry in a table of contents.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

/// The rooms from the ground up. What stands on a line may import from the lines before it, and from its own room.
/// The room of a file is the longest name here that its path begins with.
const FLOORS: &[&[&str]] = &[
    &["memory"],
    &["control"],
    &["parallel", "value"],
    &["formula", "space"],
    &["error", "pareto"],
    &["fit", "program"],
    &["program/enumerate"],
    &["program/search"],
    &["program/explain"],
    &["sweep"],
    &["sweep/search"],
    // An enumeration asks a search for the proof that a front has too many rows.
    &["sweep/enumerate"],
    &["sweep/engine"],
    &["lib"],
];

const LONGEST_FILE: usize = 600;

type Name = Vec<String>;

#[derive(Debug, Default)]
struct Module {
    file: String,
    children: BTreeSet<String>,
    /// What `use` brings in: the name, and the path that it stands for.
    bindings: HashMap<String, Name>,
    /// Names that are brought in for others.
    exports: BTreeSet<String>,
    /// Every path, whether a `use` or not; also single names.
    paths: Vec<Name>,
}

/// The words and signs of a source, without comments, strings and characters.
fn tokens(source: &str) -> Vec<String> {
    let text: Vec<char> = source.chars().collect();
    let (mut tokens, mut at) = (Vec::new(), 0);
    let starts = |at: usize, what: &str| what.chars().enumerate().all(|(i, c)| text.get(at + i) == Some(&c));
    while at < text.len() {
        let start = at;
        if starts(at, "//") {
            at += text[at..].iter().take_while(|&&c| c != '\n').count();
        } else if starts(at, "/*") {
            while !starts(at, "*/") {
                at += 1;
            }
            at += 2;
        } else if starts(at, "r\"") || starts(at, "r#\"") {
            let end = if starts(at, "r\"") { "\"" } else { "\"#" };
            at += 3;
            while !starts(at, end) {
                at += 1;
            }
            at += end.len();
        } else if text[at] == '"' {
            at += 1;
            while text[at] != '"' {
                at += if text[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if text[at] == '\'' {
            // A character ends with a quote, a lifetime does not.
            let length = if text[at + 1] == '\\' { 2 } else { 1 };
            let end = (at + 1 + length..text.len().min(at + 12)).find(|&end| text[end] == '\'');
            at = match end {
                Some(end) if length == 2 || end == at + 2 => end + 1,
                _ => at + 1,
            };
        } else if text[at].is_alphanumeric() || text[at] == '_' {
            at += text[at..].iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
            tokens.push(text[start..at].iter().collect());
        } else if starts(at, "::") {
            at += 2;
            tokens.push("::".to_owned());
        } else {
            if !text[at].is_whitespace() {
                tokens.push(text[at].to_string());
            }
            at += 1;
        }
    }
    tokens
}

fn is(tokens: &[String], what: &[&str]) -> bool {
    tokens.len() >= what.len() && tokens.iter().zip(what).all(|(token, what)| token == what)
}

fn is_word(token: &str) -> bool {
    token.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// How many tokens an item has: up to its semicolon, or to the end of its braces.
fn item(tokens: &[String]) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate() {
        match token.as_str() {
            "{" | "(" | "[" => depth += 1,
            "}" | ")" | "]" => depth -= 1,
            _ => {}
        }
        if depth == 0 && (token == ";" || token == "}") {
            return at + 1;
        }
    }
    tokens.len()
}

/// The paths of a `use`, with the name that each brings in.
fn expand(tokens: &[String], prefix: &[String], found: &mut Vec<(String, Name)>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    let mut at = 0;
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => {}
            "as" => {
                name = Some(tokens[at + 1].clone());
                at += 1;
            }
            "{" => {
                let inside = &tokens[at + 1..at + item(&tokens[at..]) - 1];
                let (mut depth, mut start) = (0, 0);
                for (place, token) in inside.iter().enumerate() {
                    depth += i32::from(token == "{") - i32::from(token == "}");
                    if token == "," && depth == 0 {
                        expand(&inside[start..place], &path, found);
                        start = place + 1;
                    }
                }
                if start < inside.len() {
                    expand(&inside[start..], &path, found);
                }
                return;
            }
            "self" if !path.is_empty() => {}
            word => path.push(word.to_owned()),
        }
        at += 1;
    }
    let last = path.last().cloned().unwrap_or_default();
    found.push((name.unwrap_or(last), path));
}

/// Reads the modules of a file into `modules`; returns the names of files that are for tests alone.
fn read(
    tokens: &[String],
    name: &[String],
    file: &str,
    modules: &mut BTreeMap<Name, Module>,
) -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    let mut module = Module { file: file.to_owned(), ..Module::default() };
    let mut at = 0;
    while at < tokens.len() {
        let rest = &tokens[at..];
        if is(rest, &["#", "[", "cfg", "(", "test", ")", "]"]) {
            let mut start = at + 7;
            while tokens[start] == "#" {
                start += 1;
                let mut depth = 0;
                loop {
                    depth += i32::from(tokens[start] == "[") - i32::from(tokens[start] == "]");
                    start += 1;
                    if depth == 0 {
                        break;
                    }
                }
            }
            let length = item(&tokens[start..]);
            if let Some(place) = tokens[start..start + length].iter().position(|token| token == "mod") {
                tests.insert(tokens[start + place + 1].clone());
            }
            at = start + length;
        } else if is(rest, &["pub", "("]) {
            let length = rest.iter().position(|token| token == ")").expect("a visibility ends");
            let exported = rest[length + 1..].first().is_some_and(|token| token == "use");
            at += length + 1;
            if exported {
                at = read_use(tokens, at, true, &mut module);
            }
        } else if is(rest, &["pub", "use"]) {
            at = read_use(tokens, at + 1, true, &mut module);
        } else if rest[0] == "use" && rest.get(1).is_some_and(|token| is_word(token)) {
            at = read_use(tokens, at, false, &mut module);
        } else if rest[0] == "mod" && rest.len() > 2 && rest[2] == ";" {
            module.children.insert(rest[1].clone());
            at += 3;
        } else if rest[0] == "mod" && rest.len() > 2 && rest[2] == "{" {
            let length = item(&rest[2..]);
            let inner = [name, &[rest[1].clone()]].concat();
            tests.extend(read(&rest[3..length + 1], &inner, file, modules));
            module.children.insert(rest[1].clone());
            at += 2 + length;
        } else if is_word(&rest[0]) && (at == 0 || tokens[at - 1] != "." && tokens[at - 1] != "::") {
            let mut path = vec![rest[0].clone()];
            at += 1;
            while at + 1 < tokens.len() && tokens[at] == "::" && is_word(&tokens[at + 1]) {
                path.push(tokens[at + 1].clone());
                at += 2;
            }
            module.paths.push(path);
        } else {
            at += 1;
        }
    }
    modules.insert(name.to_vec(), module);
    tests
}

fn read_use(tokens: &[String], at: usize, exported: bool, module: &mut Module) -> usize {
    let length = tokens[at..].iter().position(|token| token == ";").expect("a use ends");
    let mut found = Vec::new();
    expand(&tokens[at + 1..at + length], &[], &mut found);
    for (name, path) in found {
        if exported {
            module.exports.insert(name.clone());
        } else {
            module.paths.push(path.clone());
        }
        if name != "_" && name != "*" {
            module.bindings.insert(name, path);
        }
    }
    at + length + 1
}

/// The module that a path ends in, or in which what it names stands.
fn resolve(modules: &BTreeMap<Name, Module>, from: &Name, path: &[String], depth: usize) -> Option<Name> {
    let mut current = from.clone();
    for (place, segment) in path.iter().enumerate() {
        let module = modules.get(&current)?;
        match segment.as_str() {
            "crate" => current.clear(),
            "self" => {}
            "super" => drop(current.pop()),
            _ if module.children.contains(segment) => current.push(segment.clone()),
            _ => {
                // A binding that has the name of what it comes from leads outside the crate.
                let bound = module.bindings.get(segment).filter(|_| depth < 8);
                return match bound {
                    Some(binding) => {
                        let further = [binding.as_slice(), &path[place + 1..]].concat();
                        resolve(modules, &current, &further, depth + 1)
                    }
                    None if place == 0 => None,
                    None => Some(current),
                };
            }
        }
    }
    Some(current)
}

/// For each file of a crate, the files that it imports from.
fn imports(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut modules = BTreeMap::new();
    let mut waiting: Vec<(Name, String)> = vec![(vec![], "lib.rs".to_owned())];
    while let Some((name, file)) = waiting.pop() {
        let source = fs::read_to_string(root.join(&file)).expect("a source");
        let tests = read(&tokens(&source), &name, &file, &mut modules);
        for child in modules[&name].children.clone() {
            let path = [name.as_slice(), std::slice::from_ref(&child)].concat();
            if modules.contains_key(&path) || tests.contains(&child) {
                continue;
            }
            let places = [format!("{}.rs", path.join("/")), format!("{}/mod.rs", path.join("/"))];
            let file = places.into_iter().find(|place| root.join(place).exists()).expect("a file");
            waiting.push((path, file));
        }
    }
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, module) in &modules {
        let of_file = imports.entry(module.file.clone()).or_default();
        for path in &module.paths {
            if path.len() == 1 && !module.exports.contains(&path[0]) {
                continue;
            }
            if let Some(to) = resolve(&modules, name, path, 0).and_then(|to| modules.get(&to))
                && to.file != module.file
            {
                of_file.insert(to.file.clone());
            }
        }
    }
    imports
}

fn source_root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The floor and the room of a file.
fn place_of(file: &str) -> (usize, &'static str) {
    let inside =
        |room: &str| file.strip_prefix(room).is_some_and(|rest| rest.starts_with('/') || rest == ".rs");
    let places =
        FLOORS.iter().enumerate().flat_map(|(floor, rooms)| rooms.iter().map(move |&room| (floor, room)));
    places
        .filter(|(_, room)| inside(room))
        .max_by_key(|(_, room)| room.len())
        .unwrap_or_else(|| panic!("{file} stands in no room: the table of floors needs one for it"))
}

#[test]
fn no_file_imports_from_a_floor_above_its_own_or_from_another_room_on_it() {
    let mut upward = Vec::new();
    for (from, imported) in imports(&source_root()) {
        let (floor, room) = place_of(&from);
        for to in imported {
            let (other_floor, other_room) = place_of(&to);
            if room != other_room && other_floor >= floor {
                upward.push(format!("{from} (floor {floor}) imports {to} (floor {other_floor})"));
            }
        }
    }
    assert!(upward.is_empty(), "\n{}", upward.join("\n"));
}

/// The arrows of all circles: from a file to one that leads back to it.
fn circles(imports: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    fn reached<'i>(
        imports: &'i BTreeMap<String, BTreeSet<String>>,
        from: &'i String,
    ) -> BTreeSet<&'i String> {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(file) = waiting.pop() {
            waiting.extend(imports[file].iter().filter(|&to| seen.insert(to)));
        }
        seen
    }
    let reach: BTreeMap<_, _> = imports.keys().map(|file| (file, reached(imports, file))).collect();
    let arrows = imports.iter().flat_map(|(from, imported)| imported.iter().map(move |to| (from, to)));
    arrows.filter(|(from, to)| reach[to].contains(from)).map(|(from, to)| format!("{from} -> {to}")).collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let arrows = circles(&imports(&source_root()));
    assert!(arrows.is_empty(), "\n{}", arrows.join("\n"));
    let arrows = circles(&imports(&source_root().join("../../py/src")));
    assert!(arrows.is_empty(), "\n{}", arrows.join("\n"));
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, files);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    let mut files = Vec::new();
    for folder in ["src", "tests", "../py/src"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut files);
    }
    assert!(files.len() > 80, "the sources were found");
    for file in files {
        let lines = fs::read_to_string(&file).expect("a source").lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", file.display());
    }
}

#[test]
fn paths_are_read_wherever_they_stand() {
    let source = r##"
        mod child;
        pub use child::{Thing, inner::Other as Renamed};
        use crate::memory::{self, OutOfMemory};
        // use crate::comment::Nothing;
        fn f<'a>(x: &'a str) -> char { use super::sibling::*; let s = "use crate::text::No;"; '\'' }
        pub(in crate::visible) fn g() { memory::room(3); crate::deep::place::call::<u8>(); }
        #[cfg(test)]
        mod tests { use crate::free::Free; }
    "##;
    let mut modules = BTreeMap::new();
    read(&tokens(source), &["here".to_owned()], "here.rs", &mut modules);
    let module = &modules[&vec!["here".to_owned()]];
    let paths: BTreeSet<String> =
        module.paths.iter().filter(|path| path.len() > 1).map(|path| path.join("::")).collect();
    let expected = [
        "crate::deep::place::call",
        "crate::memory",
        "crate::memory::OutOfMemory",
        "memory::room",
        "super::sibling::*",
    ];
    assert_eq!(paths, expected.map(str::to_owned).into());
    assert_eq!(module.bindings["Renamed"].join("::"), "child::inner::Other");
}
