//! The declarations that tree-sitter-java sees.

use holm_index::Kind;
use tree_sitter::{Node, Parser, TreeCursor};

use crate::Found;

/// The oracle; its parser is made once.
pub(crate) struct TreeSitter(Parser);

impl TreeSitter {
    pub(crate) fn new() -> Self {
        let mut parser = Parser::new();
        parser.set_language(&tree_sitter_java::LANGUAGE.into()).unwrap();
        Self(parser)
    }

    /// What it finds, sorted; `None` if it holds the text for broken.
    pub(crate) fn declarations(&mut self, text: &str) -> Option<Vec<Found>> {
        let tree = self.0.parse(text, None).unwrap();
        if tree.root_node().has_error() {
            return None;
        }
        let mut found = Vec::new();
        let mut cursor = tree.walk();
        loop {
            visit(cursor.node(), text, &mut found);
            if !advance(&mut cursor) {
                break;
            }
        }
        found.sort_unstable();
        Some(found)
    }
}

/// To the next node, parents first; false after the last.
fn advance(cursor: &mut TreeCursor<'_>) -> bool {
    if cursor.goto_first_child() {
        return true;
    }
    loop {
        if cursor.goto_next_sibling() {
            return true;
        }
        if !cursor.goto_parent() {
            return false;
        }
    }
}

fn visit(node: Node<'_>, text: &str, found: &mut Vec<Found>) {
    let mut add = |kind, node: Node<'_>| {
        if let Some(name) = node.child_by_field_name("name") {
            found.push((
                kind,
                text[name.byte_range()].to_owned(),
                u32::try_from(name.start_position().row).unwrap(),
            ));
        }
    };
    let kind = match node.kind() {
        "class_declaration" => Kind::Class,
        "interface_declaration" => Kind::Interface,
        "enum_declaration" => Kind::Enum,
        "record_declaration" => Kind::Record,
        "annotation_type_declaration" => Kind::Annotation,
        "module_declaration" => Kind::Module,
        "method_declaration" => Kind::Method,
        "constructor_declaration" | "compact_constructor_declaration" => Kind::Constructor,
        "enum_constant" => Kind::EnumConstant,
        "annotation_type_element_declaration" => Kind::AnnotationElement,
        "field_declaration" | "constant_declaration" => {
            let mut cursor = node.walk();
            for declarator in node.children_by_field_name("declarator", &mut cursor) {
                add(Kind::Field, declarator);
            }
            return;
        }
        "formal_parameter" | "spread_parameter" if is_component(node) => {
            // A spread parameter keeps its name in a declarator.
            let mut cursor = node.walk();
            let declarator = node
                .named_children(&mut cursor)
                .find(|child| child.kind() == "variable_declarator");
            add(Kind::RecordComponent, declarator.unwrap_or(node));
            return;
        }
        _ => return,
    };
    add(kind, node);
}

fn is_component(parameter: Node<'_>) -> bool {
    let list = parameter.parent();
    list.and_then(|list| list.parent()).is_some_and(|owner| owner.kind() == "record_declaration")
}
