use std::collections::HashSet;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};

use super::Violation;
use super::source::{Source, Tree};

const RULE: &str = "glob import";

/// Attributes whose arguments look like paths and are none: `clippy::pedantic` is no crate.
const LINT_LEVELS: [&str; 5] = ["allow", "deny", "expect", "forbid", "warn"];

/// One place where a file names a path, made absolute: the crate comes first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) line: usize,
    pub(super) path: Vec<String>,
    pub(super) glob: bool,
    pub(super) in_test: bool,
}

/// Glob imports hide where a name comes from; only test modules may import their parent so.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust().flat_map(check_file).collect()
}

fn check_file(file: &Source) -> Vec<Violation> {
    let position = Position::of(&file.path);
    let globs = named(file).into_iter().filter(|name| name.glob);
    let hiding = globs.filter(|name| !(name.in_test && is_parent(&position, &name.path)));
    let violation = |name: Named| Violation {
        path: file.path.clone(),
        line: name.line,
        rule: RULE,
        text: format!("`use {}::*`: import each name", name.path.join("::")),
    };
    hiding.map(violation).collect()
}

fn is_parent(position: &Position, path: &[String]) -> bool {
    let own = position.absolute(&position.module, &[]);
    own == path || own.split_last().is_some_and(|(_, parent)| parent == path)
}

/// All paths that `file` names: imports, expressions, types, attributes and macro arguments.
///
/// A file that does not parse yields nothing: the compiler says more about it than we could.
pub(super) fn named(file: &Source) -> Vec<Named> {
    let Ok(syntax) = syn::parse_file(&file.text) else {
        return Vec::new();
    };
    let mut local = LocalNames::default();
    local.visit_file(&syntax);
    let position = Position::of(&file.path);
    let module = position.module.clone();
    let test_depth = usize::from(is_test_file(&file.path));
    let mut collector = Collector { position, module, local, test_depth, found: Vec::new() };
    collector.visit_file(&syntax);
    collector.found
}

fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.split('/').any(|folder| folder == "tests")
}

/// Where a file lies: the crate's name in sources and the module path below it.
struct Position {
    krate: String,
    module: Vec<String>,
}

impl Position {
    fn of(path: &str) -> Self {
        let Some((folder, below)) =
            path.split_once("/src/").filter(|(_, below)| !is_program(below))
        else {
            return Self { krate: String::new(), module: Vec::new() };
        };
        let krate = folder.rsplit('/').next().unwrap_or(folder).replace('-', "_");
        let stem = below.trim_end_matches(".rs").trim_end_matches("/mod");
        let module = stem.split('/').filter(|name| !["lib", "main", "mod"].contains(name));
        Self { krate, module: module.map(str::to_owned).collect() }
    }

    fn absolute(&self, module: &[String], rest: &[String]) -> Vec<String> {
        let mut path = vec![self.krate.clone()];
        path.extend_from_slice(module);
        path.extend_from_slice(rest);
        path
    }
}

fn is_program(below_src: &str) -> bool {
    below_src.starts_with("bin/")
}

/// Names that the file itself brings into scope, so that `issue::batch` is not taken for a crate.
#[derive(Default)]
struct LocalNames {
    modules: HashSet<String>,
    imported: HashSet<String>,
}

impl<'ast> Visit<'ast> for LocalNames {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        self.modules.insert(item.ident.to_string());
        visit::visit_item_mod(self, item);
    }

    fn visit_use_path(&mut self, path: &'ast syn::UsePath) {
        if let syn::UseTree::Group(group) = &*path.tree
            && group.items.iter().any(is_self)
        {
            self.imported.insert(path.ident.to_string());
        }
        visit::visit_use_path(self, path);
    }

    fn visit_use_name(&mut self, name: &'ast syn::UseName) {
        self.imported.insert(name.ident.to_string());
    }

    fn visit_use_rename(&mut self, rename: &'ast syn::UseRename) {
        self.imported.insert(rename.rename.to_string());
    }
}

fn is_self(tree: &syn::UseTree) -> bool {
    matches!(tree, syn::UseTree::Name(name) if name.ident == "self")
}

struct Collector {
    position: Position,
    module: Vec<String>,
    local: LocalNames,
    test_depth: usize,
    found: Vec<Named>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Import,
    Elsewhere,
}

impl Collector {
    fn push(&mut self, line: usize, segments: &[String], place: Place, glob: bool) {
        if let Some(path) = self.resolve(segments, place) {
            self.found.push(Named { line, path, glob, in_test: self.test_depth > 0 });
        }
    }

    fn resolve(&self, segments: &[String], place: Place) -> Option<Vec<String>> {
        let (first, rest) = segments.split_first()?;
        match first.as_str() {
            "crate" => Some(self.position.absolute(&[], rest)),
            "self" => Some(self.position.absolute(&self.module, rest)),
            "super" => Some(self.above(segments)),
            other if !other.starts_with(|c: char| c.is_ascii_lowercase()) => None,
            other if self.local.modules.contains(other) => {
                Some(self.position.absolute(&self.module, segments))
            }
            _ if place == Place::Import => Some(segments.to_vec()),
            other
                if rest.is_empty()
                    || self.local.imported.contains(other)
                    || is_primitive(other) =>
            {
                None
            }
            _ => Some(segments.to_vec()),
        }
    }

    fn above(&self, segments: &[String]) -> Vec<String> {
        let steps = segments.iter().take_while(|segment| *segment == "super").count();
        let kept = self.module.len().saturating_sub(steps);
        self.position.absolute(&self.module[..kept], &segments[steps..])
    }

    fn flatten(&mut self, tree: &syn::UseTree, prefix: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => {
                prefix.push(path.ident.to_string());
                self.flatten(&path.tree, prefix);
                prefix.pop();
            }
            syn::UseTree::Group(group) => {
                group.items.iter().for_each(|item| self.flatten(item, prefix));
            }
            syn::UseTree::Name(name) => self.leaf(&name.ident, prefix),
            syn::UseTree::Rename(rename) => self.leaf(&rename.ident, prefix),
            syn::UseTree::Glob(glob) => {
                let line = glob.star_token.span.start().line;
                self.push(line, prefix, Place::Import, true);
            }
        }
    }

    fn leaf(&mut self, ident: &syn::Ident, prefix: &mut Vec<String>) {
        let line = ident.span().start().line;
        if ident == "self" {
            self.push(line, prefix, Place::Import, false);
            return;
        }
        prefix.push(ident.to_string());
        self.push(line, prefix, Place::Import, false);
        prefix.pop();
    }

    /// Finds `a::b` in the arguments of macros and attributes, which are only tokens.
    fn scan(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while at < tokens.len() {
            if let TokenTree::Group(group) = &tokens[at] {
                self.scan(group.stream());
            }
            let segments = path_at(&tokens[at..]);
            if segments.len() > 1 && !is_metavariable(&tokens[..at], &segments[0]) {
                let line = tokens[at].span().start().line;
                self.push(line, &segments, Place::Elsewhere, false);
            }
            at += (segments.len() * 3).saturating_sub(2).max(1);
        }
    }
}

/// The segments of the path that begins here: identifiers with two colons between them.
fn path_at(tokens: &[TokenTree]) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = tokens;
    while let Some((TokenTree::Ident(ident), after)) = rest.split_first() {
        segments.push(ident.to_string());
        match after {
            [TokenTree::Punct(a), TokenTree::Punct(b), next @ ..]
                if a.as_char() == ':' && b.as_char() == ':' =>
            {
                rest = next;
            }
            _ => break,
        }
    }
    segments
}

fn is_metavariable(before: &[TokenTree], first: &str) -> bool {
    let dollar = matches!(before.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '$');
    dollar && first != "crate"
}

fn is_primitive(name: &str) -> bool {
    const PRIMITIVES: [&str; 17] = [
        "bool", "char", "f32", "f64", "i128", "i16", "i32", "i64", "i8", "isize", "str", "u128",
        "u16", "u32", "u64", "u8", "usize",
    ];
    PRIMITIVES.contains(&name)
}

fn is_test_only(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        syn::Meta::Path(path) => path.is_ident("test"),
        syn::Meta::List(list) => {
            list.path.is_ident("cfg")
                && list.tokens.to_string().split(['(', ',', ' ', ')']).any(|word| word == "test")
        }
        syn::Meta::NameValue(_) => false,
    })
}

impl<'ast> Visit<'ast> for Collector {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let test = usize::from(is_test_only(&item.attrs));
        self.test_depth += test;
        self.module.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.module.pop();
        self.test_depth -= test;
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        let test = usize::from(is_test_only(&item.attrs));
        self.test_depth += test;
        visit::visit_item_fn(self, item);
        self.test_depth -= test;
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        item.attrs.iter().for_each(|attribute| self.visit_attribute(attribute));
        self.flatten(&item.tree, &mut Vec::new());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<_> = path.segments.iter().map(|part| part.ident.to_string()).collect();
        if let Some(first) = path.segments.first().filter(|_| segments.len() > 1) {
            let line = first.ident.span().start().line;
            self.push(line, &segments, Place::Elsewhere, false);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.scan(item.tokens.clone());
        visit::visit_macro(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast syn::Attribute) {
        if let syn::Meta::List(list) = &attribute.meta
            && !LINT_LEVELS.iter().any(|level| list.path.is_ident(level))
        {
            self.scan(list.tokens.clone());
        }
        visit::visit_attribute(self, attribute);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str, text: &str) -> Vec<String> {
        let file = Source { path: path.into(), text: text.into() };
        named(&file).into_iter().map(|name| name.path.join("::")).collect()
    }

    #[test]
    fn imports_become_absolute_paths() {
        let text = "use crate::kernel::{self, ids::PlanId}; use super::store::VoucherStore;
            use self::code::Code; use sqlx::{Row as _, query};";
        assert_eq!(
            paths("mkbill-core/src/voucher/issue.rs", text),
            [
                "mkbill_core::kernel",
                "mkbill_core::kernel::ids::PlanId",
                "mkbill_core::voucher::store::VoucherStore",
                "mkbill_core::voucher::issue::code::Code",
                "sqlx::Row",
                "sqlx::query",
            ]
        );
    }

    #[test]
    fn paths_in_code_types_attributes_and_macros_count() {
        let text = "#[expect(clippy::pedantic, reason = \"a::b\")]
            #[derive(thiserror::Error)] struct Lost(crate::sql::Engine);
            fn f() { tokio::spawn(g()); transact!(self, |tx| crate::worker::tick(tx)); }";
        assert_eq!(
            paths("mkbill-core/src/plan/mod.rs", text),
            [
                "thiserror::Error",
                "mkbill_core::sql::Engine",
                "tokio::spawn",
                "mkbill_core::worker::tick"
            ]
        );
    }

    #[test]
    fn local_names_and_primitives_are_no_crates() {
        let text = "use crate::voucher::issue; mod parts;
            fn f(x: u64) -> u64 { issue::batch(); parts::whole(); u64::from(x); Self::new() }";
        assert_eq!(
            paths("mkbill-core/src/billing/vouchers.rs", text),
            ["mkbill_core::voucher::issue", "mkbill_core::billing::vouchers::parts::whole"]
        );
    }

    #[test]
    fn test_modules_may_import_their_parent_whole() {
        let text = "#[cfg(test)] mod tests { use super::*; }";
        assert_eq!(check(&Tree::of(&[("mkbill-core/src/plan/mod.rs", text)])), []);
    }

    #[test]
    fn other_globs_are_found_with_their_line() {
        let text = "use std::fmt;\nuse crate::kernel::*;\n#[cfg(test)]\nmod tests {\n    use proptest::prelude::*;\n}\n";
        let found = check(&Tree::of(&[("mkbill-core/src/plan/mod.rs", text)]));
        let lines: Vec<_> = found.iter().map(|violation| violation.line).collect();
        assert_eq!(lines, [2, 5]);
        assert_eq!(
            found[0].to_string(),
            "mkbill-core/src/plan/mod.rs:2: glob import: `use mkbill_core::kernel::*`: import each name"
        );
    }
}
