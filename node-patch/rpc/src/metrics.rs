//! What operators watch, as Prometheus reads it at `/metrics`: blocks, gas, the pool, models, methods.
//!
//! Only what passes by is counted here; all else is read from the chain when somebody asks.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use fixpoint_chain::Chain;
use fixpoint_evm::precompile::answer_cache::FifoAnswerCache;
use jsonrpsee::server::{HttpBody, HttpRequest, HttpResponse, http::response};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text::encode},
    metrics::{
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::ConstGauge,
        histogram::{Histogram, exponential_buckets},
        info::Info,
    },
    registry::Registry,
};

use crate::{
    context::{Context, NodeIdentity},
    intercept::Intercept,
};

/// Where they are.
const PATH: &str = "/metrics";
/// The text form that scrapers ask for.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Before every name.
const PREFIX: &str = "fixpoint";
/// Upper bounds of a call's time, from 0.1 ms to 1.6 s by fours.
const CALL_SECONDS: (f64, f64, u16) = (0.0001, 4.0, 8);

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Build {
    version: String,
    kernels: String,
}

/// All metrics of a node.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<Method, Histogram, fn() -> Histogram>,
    failures: Family<Method, Counter>,
}

impl Metrics {
    /// Those of a node on this chain, which are counted from now on.
    pub(crate) fn new(chain: &Chain, identity: &NodeIdentity) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let build = Build {
            version: identity.client_version.clone(),
            kernels: identity.kernels.clone(),
        };
        registry.register("node", "What runs", Info::new(build));
        count_blocks(&mut registry, chain);
        registry.register_collector(Box::new(Readings(chain.clone())));
        let calls = Family::new_with_constructor(call_times as fn() -> Histogram);
        registry.register(
            "rpc_seconds",
            "Time that a call of a JSON-RPC method took",
            calls.clone(),
        );
        let failures = Family::default();
        registry.register(
            "rpc_failures",
            "Calls of a JSON-RPC method that were answered with an error",
            failures.clone(),
        );
        Self {
            registry,
            calls,
            failures,
        }
    }

    /// Adds what a cache of answers holds and how often it was asked.
    pub(crate) fn read_answers(&mut self, answers: Arc<FifoAnswerCache>) {
        self.registry
            .register_collector(Box::new(AnswerReadings(answers)));
    }

    /// Notes a call of a method.
    pub(crate) fn called(&self, method: &'static str, took: Duration, succeeded: bool) {
        let method = Method { method };
        self.calls
            .get_or_create(&method)
            .observe(took.as_secs_f64());
        if !succeeded {
            self.failures.get_or_create(&method).inc();
        }
    }

    /// All of them as text.
    fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn call_times() -> Histogram {
    let (shortest, factor, count) = CALL_SECONDS;
    Histogram::new(exponential_buckets(shortest, factor, count))
}

/// Counts what blocks hold as they become the head.
fn count_blocks(registry: &mut Registry, chain: &Chain) {
    let [blocks, transactions, gas] = [
        ("blocks", "Blocks that became the head"),
        ("transactions", "Transactions in them"),
        ("gas_used", "Gas that they used"),
    ]
    .map(|(name, help)| {
        let counter: Counter = Counter::default();
        registry.register(name, help, counter.clone());
        counter
    });
    chain.on_head(move |block| {
        blocks.inc();
        // A count of what is in memory fits 64 bits.
        transactions.inc_by(block.transactions.len() as u64);
        gas.inc_by(block.header.gas_used);
        true
    });
}

/// What the chain says of itself at the moment.
struct Readings(Chain);

impl fmt::Debug for Readings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Readings")
    }
}

impl Collector for Readings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let head = self.0.head();
        let pool = self.0.pool_status();
        let factory = self.0.spec().evm_factory();
        let (models, inferences) = (factory.cache_stats(), factory.inference_totals());
        let base_fee_wei = head.base_fee_per_gas.unwrap_or_default();
        // Counts of what is in memory fit 64 bits.
        gauge(encoder, "head_number", "Number of the head", head.number)?;
        if let Some(bytes) = self.0.disk_bytes() {
            gauge(encoder, "disk_bytes", "What the chain takes on disk", bytes)?;
        }
        let name = "head_timestamp_seconds";
        gauge(encoder, name, "Timestamp of the head", head.timestamp)?;
        let help = "Base fee of the head in wei per gas";
        gauge(encoder, "head_base_fee_wei", help, base_fee_wei)?;
        let help = "Transactions that the next blocks may take";
        gauge(encoder, "pool_pending", help, pool.pending as u64)?;
        let help = "Transactions that wait for an earlier nonce";
        gauge(encoder, "pool_queued", help, pool.queued as u64)?;
        let help = "Models in the cache of loaded models";
        gauge(encoder, "models_loaded", help, models.models as u64)?;
        let [held_bytes, limit_bytes] = [models.held_bytes, models.limit_bytes];
        gauge(
            encoder,
            "models_loaded_bytes",
            "What they weigh",
            held_bytes as u64,
        )?;
        let name = "models_loaded_limit_bytes";
        gauge(encoder, name, "What they may weigh", limit_bytes as u64)?;
        let help = "Inferences and activations that found their model loaded";
        counter(encoder, "model_cache_hits", help, models.hits)?;
        let help = "Inferences and activations that loaded their model";
        counter(encoder, "model_cache_misses", help, models.misses)?;
        let help = "Inferences, for blocks, before them and in calls, whose model ran";
        counter(encoder, "inferences_run", help, inferences.runs)?;
        let help = "Inferences whose answer the node had kept";
        counter(encoder, "inferences_recalled", help, inferences.recalls)?;
        let help = "Multiply-accumulates of the models that ran, as gas counts them";
        counter(encoder, "macs", help, inferences.macs)
    }
}

/// What the cache of answers says of itself at the moment.
#[derive(Debug)]
struct AnswerReadings(Arc<FifoAnswerCache>);

impl Collector for AnswerReadings {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let encoder = &mut encoder;
        let answers = self.0.stats();
        let help = "Answers of inferences that are kept";
        gauge(encoder, "answers_kept", help, answers.answers as u64)?;
        let [held_bytes, limit_bytes] = [answers.held_bytes, answers.limit_bytes];
        gauge(
            encoder,
            "answers_kept_bytes",
            "What they weigh",
            held_bytes as u64,
        )?;
        let name = "answers_kept_limit_bytes";
        gauge(encoder, name, "What they may weigh", limit_bytes as u64)?;
        let help = "Runs whose answer was kept";
        counter(encoder, "answer_cache_hits", help, answers.hits)?;
        let help = "Runs whose answer was asked for and not kept";
        counter(encoder, "answer_cache_misses", help, answers.misses)?;
        let help = "Kept answers that did not match their checksum";
        counter(encoder, "answer_cache_damaged", help, answers.damaged)
    }
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let gauge = ConstGauge::<u64>::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> fmt::Result {
    let counter = ConstCounter::<u64>::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

/// Answers who asks for the metrics.
#[derive(Clone)]
pub(crate) struct Scrapes(
    /// Not held: the chain is let go of when the methods are.
    pub(crate) Weak<Context>,
);

impl Intercept for Scrapes {
    fn intercept(&self, request: &mut HttpRequest) -> Option<HttpResponse> {
        if request.method().as_str() != "GET" || request.uri().path() != PATH {
            return None;
        }
        let answer = self.0.upgrade().and_then(|context| {
            let text = context.metrics.text().ok()?;
            HttpResponse::<()>::builder()
                .header("content-type", MEDIA_TYPE)
                .body(HttpBody::from(text))
                .ok()
        });
        Some(answer.unwrap_or_else(response::internal_error))
    }
}
