//! The report as a page: whole, closed against names, and with the report's own numbers.

use crate::graphs::{Graph, Value};
use fixpoint_compiler::{
    CompileOptions, Compiled, Sensitivity, compile_onnx,
    report::page::{Costs, Page},
};
use roxmltree::{Document, Node, ParsingOptions};

const HOSTILE: &str = "\"><script>alert(1)</script><img src=x onerror='a'>&amp;";

fn page(compiled: &Compiled, name: &str) -> String {
    let costs = Costs {
        first_call: 50_000,
        load: 20_000,
        activate: 400_000,
        store: 2_000_000,
        deploy_at_most: 3_500_000,
        gas_price_wei: 1_500_000_000,
    };
    let page = Page {
        name,
        content_hash: "0xabc",
        report: &compiled.report,
        costs: &costs,
    };
    page.render()
}

fn compiled(graph: &mut Graph) -> Compiled {
    let options = CompileOptions {
        calibration: graph.samples(50, 1.0),
        sensitivity: Sensitivity::Measure,
        prices: Some([100; 16]),
        ..CompileOptions::default()
    };
    compile_onnx(&graph.bytes(), &options, &mut |_| {}).expect("compiles")
}

fn parsed(page: &str) -> Document<'_> {
    let options = ParsingOptions {
        allow_dtd: true,
        ..ParsingOptions::default()
    };
    Document::parse_with_options(page, options).expect("a well-formed page")
}

/// Elements of this name and class.
fn all<'a>(page: &'a Document<'_>, name: &str, class: &str) -> Vec<Node<'a, 'a>> {
    let has = |node: &Node<'_, '_>| {
        let classes = node.attribute("class").unwrap_or_default();
        node.has_tag_name(name) && (class.is_empty() || classes.split(' ').any(|one| one == class))
    };
    page.descendants().filter(has).collect()
}

fn text(node: Node<'_, '_>) -> String {
    node.descendants()
        .filter(Node::is_text)
        .filter_map(|node| node.text())
        .collect()
}

#[test]
fn names_are_never_markup() {
    let mut graph = Graph::new(&[1, 8]);
    graph.weights("w", &[4, 8]);
    let hidden = "relu\u{202e}\u{0}\u{200b}";
    graph.node("Gemm", &["x", "w"], HOSTILE, &[("transB", Value::Int(1))]);
    graph.node("Tanh", &[HOSTILE], hidden, &[]);
    graph.node("Sigmoid", &[hidden], "it's \"so\" <b>&y", &[]);
    let compiled = compiled(&mut graph);
    let page = page(&compiled, HOSTILE);
    let html = parsed(&page);
    for node in html.descendants().filter(Node::is_element) {
        let name = node.tag_name().name();
        let outside = ["script", "img", "iframe", "object", "link", "a"];
        assert!(!outside.contains(&name), "<{name}>");
        for attribute in node.attributes() {
            let attribute = attribute.name();
            assert!(!attribute.starts_with("on"), "{attribute}");
            assert!(
                !["src", "href", "style"].contains(&attribute),
                "{attribute}"
            );
        }
    }
    assert_eq!(text(all(&html, "h1", "")[0]), HOSTILE);
    let names: Vec<String> = all(&html, "td", "name").into_iter().map(text).collect();
    assert!(
        names
            .iter()
            .any(|name| name.contains(&format!("Gemm_{HOSTILE}"))),
        "{names:?}"
    );
    assert!(
        names
            .iter()
            .any(|name| name.contains("Tanh_relu\u{fffd}\u{fffd}\u{fffd}")),
        "{names:?}"
    );
    let outputs: Vec<String> = all(&html, "q", "").into_iter().map(text).collect();
    assert_eq!(outputs, ["it's \"so\" <b>&y"]);
    // Nothing invisible is left, and nothing leads outside.
    assert!(
        page.chars()
            .all(|c| c == '\n' || !c.is_control() && c != '\u{202e}')
    );
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
}

#[test]
fn a_picture_has_every_layer_and_edge() {
    let mut graph = Graph::new(&[1, 2, 6, 6]);
    for index in 0..3 {
        graph.weights(&format!("w{index}"), &[2, 2, 1, 1]);
    }
    graph.node("Conv", &["x", "w0"], "a", &[]);
    graph.node("Relu", &["a"], "b", &[]);
    graph.node("Conv", &["b", "w1"], "c", &[]);
    graph.node("Conv", &["c", "w2"], "d", &[]);
    graph.node("Add", &["b", "d"], "y", &[]);
    let compiled = compiled(&mut graph);
    let layers = &compiled.report.layers;
    let told: Vec<_> = layers
        .iter()
        .map(|layer| (layer.name.as_str(), layer.reads.clone()))
        .collect();
    let want = [
        ("Conv_a", vec![]),
        ("Conv_c", vec![0]),
        ("Conv_d", vec![1]),
        ("Add_y", vec![0, 2]),
    ];
    assert_eq!(told, want);
    assert_eq!(
        (&layers[0].inputs[..], &layers[3].outputs[..]),
        (&["x".to_owned()][..], &["y".to_owned()][..])
    );
    let page = page(&compiled, "residual");
    let html = parsed(&page);
    let labels: Vec<String> = all(&html, "text", "label").into_iter().map(text).collect();
    assert_eq!(labels, ["x", "Conv_a", "Conv_c", "Conv_d", "Add_y", "y"]);
    // Input to first, a to c, c to d, a and d to the sum, and to the output.
    assert_eq!(all(&html, "path", "edge").len(), 6);
    let gas: f64 = layers
        .iter()
        .map(|layer| layer.gas.expect("prices are known"))
        .sum();
    let work: u64 = compiled.report.work.values().sum();
    assert!(
        (gas - work as f64 / 10.0).abs() < 1e-6,
        "{gas}, {work} units"
    );
    let parameters: usize = layers.iter().map(|layer| layer.parameters).sum();
    assert_eq!(parameters, compiled.report.parameters);
}

#[test]
fn the_histogram_counts_every_value() {
    let mut graph = Graph::new(&[1, 8]);
    graph.weights("w", &[4, 8]);
    graph.node("Gemm", &["x", "w"], "y", &[("transB", Value::Int(1))]);
    let compiled = compiled(&mut graph);
    let accuracy = compiled.report.accuracy.as_ref().expect("measured");
    let output = &accuracy.outputs[0];
    assert_eq!(output.elements, 4 * accuracy.samples);
    let counted: u64 = output.histogram.counts.iter().sum();
    assert_eq!(counted, output.elements as u64);
    let reach = -output.histogram.start;
    assert!(
        (reach - output.max_error).abs() <= 1e-12 * reach,
        "{output:?}"
    );
    let page = page(&compiled, "linear");
    let html = parsed(&page);
    let bars = all(&html, "rect", "")
        .into_iter()
        .filter_map(|bar| bar.attribute("data-count"));
    let drawn: Vec<u64> = bars.map(|count| count.parse().expect("a number")).collect();
    assert_eq!(drawn, output.histogram.counts);
}
