//! Tree ensembles as ONNX stores them: nodes of all trees in parallel lists, leaves' weights in others.
//! Read into trees whose nodes are known to be a tree.

use crate::onnx::{Attributes, OnnxError};
use std::collections::BTreeMap;

/// Nodes of an ensemble: more have no place in a model's payload.
const MAX_ENSEMBLE_NODES: usize = 1 << 20;
/// Steps from a root to a leaf; also what keeps a cycle from being followed for ever.
const MAX_DEPTH: usize = 64;

/// A test of one feature, or a leaf.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// `x < threshold` or `x <= threshold` goes to `yes`.
    Branch {
        /// The feature.
        feature: usize,
        /// What it is compared with.
        threshold: f64,
        /// Whether equality says yes.
        or_equal: bool,
        /// Node if so.
        yes: usize,
        /// Node if not.
        no: usize,
    },
    /// Summands of scores: index and weight.
    Leaf(Vec<(usize, f64)>),
}

/// One tree: node 0 is the root, every child stands behind its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Steps from the root to the farthest leaf.
    pub depth: usize,
}

/// Trees whose leaves' weights are added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Ensemble {
    /// The trees.
    pub trees: Vec<Tree>,
    /// Number of scores.
    pub scores: usize,
    /// What each score starts from.
    pub base: Vec<f64>,
    /// Whether scores are means over the trees, not sums.
    pub average: bool,
}

/// A node as listed.
struct Listed {
    mode: String,
    feature: i64,
    threshold: f64,
    yes: i64,
    no: i64,
}

/// Node ids within their trees.
type Id = (i64, i64);

impl Ensemble {
    /// Reads the attributes of TreeEnsembleClassifier (`prefix` "class") or TreeEnsembleRegressor
    /// ("target"); `scores` is the number of classes or targets.
    ///
    /// # Errors
    /// [`OnnxError`]: lists that contradict each other, nodes that are no trees.
    pub fn read(
        attributes: Attributes<'_>,
        prefix: &str,
        scores: usize,
    ) -> Result<Self, OnnxError> {
        let (order, listed) = listed(attributes)?;
        let leaves = leaves(attributes, prefix, scores, &listed)?;
        let mut trees: Vec<Tree> = Vec::new();
        let mut tree_ids: Vec<i64> = order.iter().map(|id| id.0).collect();
        tree_ids.dedup();
        let mut seen = std::collections::BTreeSet::new();
        for tree in tree_ids {
            if !seen.insert(tree) {
                return Err(
                    attributes.bad("nodes_treeids", format!("has tree {tree} in two places"))
                );
            }
            trees.push(grow(attributes, tree, &order, &listed, &leaves)?);
        }
        let average = match attributes.text("aggregate_function")? {
            None | Some("SUM") => false,
            Some("AVERAGE") => true,
            Some(other) => {
                let reason = format!("is {other}: only SUM and AVERAGE are supported");
                return Err(attributes.bad("aggregate_function", reason));
            }
        };
        Ok(Self {
            trees,
            scores,
            base: vec![0.0; scores],
            average,
        })
    }

    /// Largest index of a feature, plus 1.
    pub fn features(&self) -> usize {
        let feature = |node: &Node| match node {
            Node::Branch { feature, .. } => feature + 1,
            Node::Leaf(_) => 0,
        };
        let nodes = self.trees.iter().flat_map(|tree| &tree.nodes);
        nodes.map(feature).max().unwrap_or(0)
    }

    /// Number of nodes.
    pub fn nodes(&self) -> usize {
        self.trees.iter().map(|tree| tree.nodes.len()).sum()
    }

    /// Weights of all leaves.
    pub fn weights(&self) -> impl Iterator<Item = (usize, f64)> {
        let nodes = self.trees.iter().flat_map(|tree| &tree.nodes);
        nodes.flat_map(|node| match node {
            Node::Leaf(weights) => weights.clone(),
            Node::Branch { .. } => Vec::new(),
        })
    }

    /// What a leaf's weight adds to its score: itself, or its share of a mean.
    pub fn share(&self, weight: f64) -> f64 {
        if self.average {
            weight / self.trees.len() as f64
        } else {
            weight
        }
    }
}

/// The nodes' ids in their order, and the nodes by id.
fn listed(attributes: Attributes<'_>) -> Result<(Vec<Id>, BTreeMap<Id, Listed>), OnnxError> {
    let trees = attributes.ints("nodes_treeids");
    let count = trees.len();
    if count == 0 || count > MAX_ENSEMBLE_NODES {
        let reason = format!("has {count} entries: 1 to {MAX_ENSEMBLE_NODES} are read");
        return Err(attributes.bad("nodes_treeids", reason));
    }
    let lists = [
        "nodes_nodeids",
        "nodes_featureids",
        "nodes_truenodeids",
        "nodes_falsenodeids",
    ];
    let lists = lists.map(|name| (name, attributes.ints(name)));
    let modes = attributes.texts("nodes_modes")?;
    let thresholds = attributes.floats("nodes_values")?;
    let lengths = lists.map(|(name, list)| (name, list.len()));
    let others = [
        ("nodes_modes", modes.len()),
        ("nodes_values", thresholds.len()),
    ];
    for (name, len) in lengths.into_iter().chain(others) {
        if len != count {
            let reason = format!("has {len} entries, nodes_treeids has {count}");
            return Err(attributes.bad(name, reason));
        }
    }
    let [nodes, features, yes, no] = lists.map(|(_, list)| list);
    let mut order = Vec::new();
    let mut listed = BTreeMap::new();
    for index in 0..count {
        let id = (trees[index], nodes[index]);
        let node = Listed {
            mode: modes[index].clone(),
            feature: features[index],
            threshold: thresholds[index],
            yes: yes[index],
            no: no[index],
        };
        if listed.insert(id, node).is_some() {
            let reason = format!("has node {} of tree {} twice", id.1, id.0);
            return Err(attributes.bad("nodes_nodeids", reason));
        }
        order.push(id);
    }
    Ok((order, listed))
}

/// The weights of each leaf.
fn leaves(
    attributes: Attributes<'_>,
    prefix: &str,
    scores: usize,
    listed: &BTreeMap<Id, Listed>,
) -> Result<BTreeMap<Id, Vec<(usize, f64)>>, OnnxError> {
    let name = |suffix: &str| format!("{prefix}_{suffix}");
    let trees = attributes.ints(&name("treeids"));
    let nodes = attributes.ints(&name("nodeids"));
    let ids = attributes.ints(&name("ids"));
    let weights = attributes.floats(&name("weights"))?;
    if [nodes.len(), ids.len(), weights.len()] != [trees.len(); 3] {
        return Err(attributes.bad(&name("weights"), "is not as long as its ids"));
    }
    let mut leaves: BTreeMap<Id, Vec<(usize, f64)>> = BTreeMap::new();
    for index in 0..trees.len() {
        let id = (trees[index], nodes[index]);
        let score = usize::try_from(ids[index]).ok();
        let Some(score) = score.filter(|&score| score < scores) else {
            let reason = format!("has {}, there are {scores}", ids[index]);
            return Err(attributes.bad(&name("ids"), reason));
        };
        if listed.get(&id).is_none_or(|node| node.mode != "LEAF") {
            let reason = format!("has node {} of tree {}, which is no leaf", id.1, id.0);
            return Err(attributes.bad(&name("nodeids"), reason));
        }
        leaves.entry(id).or_default().push((score, weights[index]));
    }
    Ok(leaves)
}

/// One tree from its root, the first of its nodes that is listed.
fn grow(
    attributes: Attributes<'_>,
    tree: i64,
    order: &[Id],
    listed: &BTreeMap<Id, Listed>,
    leaves: &BTreeMap<Id, Vec<(usize, f64)>>,
) -> Result<Tree, OnnxError> {
    let root = order.iter().find(|id| id.0 == tree).copied();
    // Nodes to read: id, depth; their numbers are their positions in this queue.
    let mut queue: Vec<(Id, usize)> = root.into_iter().map(|id| (id, 0)).collect();
    let mut grown = Tree {
        nodes: Vec::new(),
        depth: 0,
    };
    let size = order.iter().filter(|id| id.0 == tree).count();
    while let Some(&(id, depth)) = queue.get(grown.nodes.len()) {
        let Some(node) = listed.get(&id) else {
            let reason = format!("lead to node {} of tree {tree}, which is missing", id.1);
            return Err(attributes.bad("nodes_truenodeids and nodes_falsenodeids", reason));
        };
        if depth > MAX_DEPTH || 3 * size < queue.len() {
            let reason = format!("make no tree of tree {tree}");
            return Err(attributes.bad("nodes_truenodeids and nodes_falsenodeids", reason));
        }
        grown.depth = grown.depth.max(depth);
        let next = queue.len();
        let (yes, no) = ((tree, node.yes), (tree, node.no));
        let (or_equal, swapped) = match node.mode.as_str() {
            "LEAF" => {
                let weights = leaves.get(&id).cloned().unwrap_or_default();
                grown.nodes.push(Node::Leaf(weights));
                continue;
            }
            "BRANCH_LEQ" => (true, false),
            "BRANCH_LT" => (false, false),
            "BRANCH_GT" => (true, true),
            "BRANCH_GTE" => (false, true),
            other => {
                let reason = format!(
                    "has {other}: only comparisons by size are supported; train without categorical features"
                );
                return Err(attributes.bad("nodes_modes", reason));
            }
        };
        let Ok(feature) = usize::try_from(node.feature) else {
            return Err(attributes.bad("nodes_featureids", "has a negative entry"));
        };
        grown.nodes.push(Node::Branch {
            feature,
            threshold: node.threshold,
            or_equal,
            yes: next,
            no: next + 1,
        });
        let children = if swapped { [no, yes] } else { [yes, no] };
        queue.extend(children.map(|child| (child, depth + 1)));
    }
    Ok(grown)
}
