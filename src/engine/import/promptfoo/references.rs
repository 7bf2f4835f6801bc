//! Follows the references of a file to itself: `$ref: '#/assertionTemplates/short'`.

use crate::domain::finding::{Finding, Findings};
use crate::engine::workspace::document::{MAX_DEPTH, MAX_NODES, Node, Source, Value};

/// The key of a reference.
const KEY: &str = "$ref";

/// Puts what references mean in their place.
pub(super) fn resolve_references(source: &Source, root: Node) -> Result<Node, Findings> {
    if !source.text.contains(KEY) {
        return Ok(root);
    }
    let mut resolver = Resolver {
        source,
        root: &root,
        nodes: 0,
    };
    resolver.resolved(&root, 0)
}

struct Resolver<'r> {
    source: &'r Source,
    root: &'r Node,
    nodes: usize,
}

impl<'r> Resolver<'r> {
    fn resolved(&mut self, node: &Node, depth: usize) -> Result<Node, Findings> {
        self.nodes += 1;
        if depth > MAX_DEPTH || self.nodes > MAX_NODES {
            return Err(self.refused(node, "the references go in a circle, or make too much"));
        }
        if let Some(target) = self.target(node)? {
            return self.resolved(target, depth + 1);
        }
        let mut copy = node.clone();
        match &mut copy.value {
            Value::List(items) => {
                for item in items {
                    *item = self.resolved(item, depth + 1)?;
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    entry.node = self.resolved(&entry.node, depth + 1)?;
                }
            }
            _ => {}
        }
        Ok(copy)
    }

    /// What a reference means; `None` where the node is none.
    fn target(&self, node: &Node) -> Result<Option<&'r Node>, Findings> {
        let Value::Map(entries) = &node.value else {
            return Ok(None);
        };
        let [entry] = entries.as_slice() else {
            return Ok(None);
        };
        let Value::Text(reference) = &entry.node.value else {
            return Ok(None);
        };
        if entry.key != KEY {
            return Ok(None);
        }
        let pointer = reference.strip_prefix("#/").ok_or_else(|| {
            self.refused(
                &entry.node,
                "only references into the same file are followed",
            )
        })?;
        let mut target = self.root;
        for segment in pointer.split('/') {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let found = match &target.value {
                Value::Map(entries) => entries.iter().find(|it| it.key == name).map(|it| &it.node),
                Value::List(items) => name.parse().ok().and_then(|index: usize| items.get(index)),
                _ => None,
            };
            let nothing = || self.refused(&entry.node, "there is nothing at this reference");
            target = found.ok_or_else(nothing)?;
        }
        Ok(Some(target))
    }

    fn refused(&self, node: &Node, message: &str) -> Findings {
        Finding::error("invalid-reference", self.source.place(node.span), message).into()
    }
}
