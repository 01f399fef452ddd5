use syn::visit::{self, Visit};

use super::Violation;
use super::source::{Source, Tree};

const FILE_LINES_MAX: usize = 1_000;
const FILE_LINES_LONG: usize = 600;
const FUNCTION_LINES_MAX: usize = 120;

/// Files and functions stay short enough to be read at once.
pub(super) fn check(tree: &Tree) -> Vec<Violation> {
    tree.rust().flat_map(|file| long_file(file).into_iter().chain(long_functions(file))).collect()
}

/// Files that are allowed, but should be split before they grow further.
pub(super) fn long_files(tree: &Tree) -> Vec<String> {
    let long = tree.rust().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > FILE_LINES_LONG).then(|| format!("{} has {lines} lines", file.path))
    });
    long.collect()
}

fn long_file(file: &Source) -> Option<Violation> {
    let lines = file.text.lines().count();
    let text = format!("{lines} lines, at most {FILE_LINES_MAX}");
    (lines > FILE_LINES_MAX).then(|| Violation {
        path: file.path.clone(),
        line: lines,
        rule: "file length",
        text,
    })
}

fn long_functions(file: &Source) -> Vec<Violation> {
    let Ok(syntax) = syn::parse_file(&file.text) else {
        return Vec::new();
    };
    let mut functions = Functions::default();
    functions.visit_file(&syntax);
    let long = functions.0.into_iter().filter(|function| function.lines > FUNCTION_LINES_MAX);
    let violation = |function: Function| Violation {
        path: file.path.clone(),
        line: function.line,
        rule: "function length",
        text: format!(
            "`{}` has {} lines, at most {FUNCTION_LINES_MAX}",
            function.name, function.lines
        ),
    };
    long.map(violation).collect()
}

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

#[derive(Default)]
struct Functions(Vec<Function>);

impl Functions {
    fn push(&mut self, signature: &syn::Signature, body: &syn::Block) {
        let line = signature.fn_token.span.start().line;
        let lines = body.brace_token.span.close().end().line + 1 - line;
        self.0.push(Function { name: signature.ident.to_string(), line, lines });
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.push(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.push(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.push(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        let tree = Tree::of(&[("mkbill-core/src/lib.rs", text)]);
        check(&tree).iter().map(ToString::to_string).collect()
    }

    fn function(lines: usize) -> String {
        format!(
            "struct S;\nimpl S {{\n    fn long() {{\n{}    }}\n}}\n",
            "        f();\n".repeat(lines - 2)
        )
    }

    #[test]
    fn a_function_may_fill_its_limit_and_no_more() {
        assert!(texts(&function(FUNCTION_LINES_MAX)).is_empty());
        assert_eq!(
            texts(&function(FUNCTION_LINES_MAX + 1)),
            ["mkbill-core/src/lib.rs:3: function length: `long` has 121 lines, at most 120"]
        );
    }

    #[test]
    fn a_file_may_fill_its_limit_and_no_more() {
        assert!(texts(&"//\n".repeat(FILE_LINES_MAX)).is_empty());
        assert_eq!(texts(&"//\n".repeat(FILE_LINES_MAX + 1)).len(), 1);
    }

    #[test]
    fn long_files_are_noted_before_they_are_refused() {
        let text = "//\n".repeat(FILE_LINES_LONG + 1);
        let tree = Tree::of(&[("mkbill-core/src/lib.rs", &text)]);
        assert_eq!(long_files(&tree), ["mkbill-core/src/lib.rs has 601 lines"]);
    }
}
