//! The state as metrics for Prometheus ([docs/metrics.md]): made anew for every scrape from what is known, so
//! that nothing is worked out and nothing global is kept.
//!
//! [docs/metrics.md]: https://github.com/bettensor/vesting/blob/main/docs/metrics.md
//!
//! Takes from `clock` and `state`.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Instant, SystemTime};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Metric, Registry, Unit};
use vesting_chain::Runtime;
use vesting_chain::surface::ItemKind;
use vesting_core::{Detection, NetUid, Ppb, Progress};

use crate::clock::age;
use crate::state::{Figures, LastError, Role, State, Subnet};

/// The labels of a time series.
type Labels = Vec<(&'static str, String)>;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of one scrape.
struct Scrape {
    registry: Registry,
}

/// The text of a scrape.
pub fn text(state: &State, now: SystemTime) -> Result<String, fmt::Error> {
    let mut scrape = Scrape { registry: Registry::with_prefix("vesting") };
    scrape.process(state, now);
    scrape.chain(state);
    scrape.records(state, now);
    scrape.taken_in(state);
    scrape.figures(state);
    scrape.store(state);
    let mut text = String::new();
    encode(&mut text, &scrape.registry)?;
    Ok(text)
}

fn of(netuid: NetUid) -> Labels {
    vec![("netuid", netuid.to_string())]
}

fn and(mut labels: Labels, name: &'static str, value: impl ToString) -> Labels {
    labels.push((name, value.to_string()));
    labels
}

/// A number as a gauge value, limited to the largest that fits.
fn whole(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// The time series of a metric, in the order in which they were added.
#[derive(Debug)]
struct Series<M>(Vec<(Labels, M)>);

impl<M: EncodeMetric> EncodeMetric for Series<M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(labels, value)| value.encode(encoder.encode_family(labels)?))
    }

    fn metric_type(&self) -> MetricType {
        self.0.first().map_or(MetricType::Unknown, |(_, value)| value.metric_type())
    }
}

impl Scrape {
    /// A metric without series is left out, because its type would be unknown.
    fn add<M: Metric>(&mut self, name: &str, help: &str, unit: Option<Unit>, series: Vec<(Labels, M)>) {
        if series.is_empty() {
            return;
        }
        match unit {
            Some(unit) => self.registry.register_with_unit(name, help, unit, Series(series)),
            None => self.registry.register(name, help, Series(series)),
        }
    }

    fn gauge(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        values: impl IntoIterator<Item = (Labels, i64)>,
    ) {
        self.add(
            name,
            help,
            unit,
            values.into_iter().map(|(labels, value)| (labels, ConstGauge::new(value))).collect(),
        );
    }

    fn counter(
        &mut self,
        name: &str,
        help: &str,
        unit: Option<Unit>,
        values: impl IntoIterator<Item = (Labels, u64)>,
    ) {
        self.add(
            name,
            help,
            unit,
            values.into_iter().map(|(labels, value)| (labels, ConstCounter::new(value))).collect(),
        );
    }

    fn process(&mut self, state: &State, now: SystemTime) {
        let info = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        self.registry.register("build", "The program", info);
        let readiness = state.readiness(now);
        self.gauge(
            "ready",
            "Whether /health/ready says 200",
            None,
            [(Labels::new(), i64::from(readiness.ready))],
        );
        let by_subnet =
            readiness.subnets.iter().map(|subnet| (of(NetUid(subnet.netuid)), i64::from(subnet.ready)));
        self.gauge(
            "subnet_ready",
            "Whether /health/ready finds nothing wrong with the subnet",
            None,
            by_subnet,
        );
        let waited =
            state.unanswered.longest(Instant::now()).map_or(0, |(_, waited)| whole(waited.as_secs()));
        let help = "How long the database has not answered; 0 if that is not long";
        self.gauge("store_silent", help, Some(Unit::Seconds), [(Labels::new(), waited)]);
        let behind = state.clock_behind(now).map_or(0, |behind| whole(behind.as_secs()));
        let help = "How far this machine's clock is behind the chain at least; 0 if it is not";
        self.gauge("clock_behind", help, Some(Unit::Seconds), [(Labels::new(), behind)]);
        let holds = |error: Option<LastError>| i64::from(error.is_some_and(|error| error.holds));
        let failing = [(Labels::new(), holds(state.last_error()))];
        self.gauge(
            "follower_failing",
            "Whether following last went wrong, with any subnet, and is tried again",
            None,
            failing,
        );
        let by_subnet =
            state.subnets().into_iter().map(|(netuid, subnet)| (of(netuid), holds(subnet.last_error)));
        self.gauge(
            "subnet_failing",
            "Whether following the subnet last went wrong and is tried again",
            None,
            by_subnet,
        );
    }

    fn chain(&mut self, state: &State) {
        let head = state.head().map(|head| (Labels::new(), whole(head.0)));
        self.gauge("head", "The highest block known to be finalized", Some(block()), head);
        let degraded = state.chain.as_ref().map(|_| (Labels::new(), i64::from(!state.degraded().is_empty())));
        self.gauge(
            "degraded",
            "Whether a runtime of the chain contradicts its storage, so that the runtime's own answers are \
             used",
            None,
            degraded,
        );
        let subnets = state.subnets();
        let at = |number: fn(Progress) -> u64| {
            subnets.iter().filter_map(move |(netuid, subnet)| {
                subnet.progress.map(|progress| (of(*netuid), whole(number(progress))))
            })
        };
        self.gauge(
            "catch_up",
            "The last block taken in by following or catching up",
            Some(block()),
            at(|progress| progress.block.0),
        );
        self.gauge(
            "catch_up_target",
            "The block up to which following or catching up goes on",
            Some(block()),
            at(|progress| progress.to.0),
        );
        // Two endpoints may have the same name once their keys are hidden.
        let mut calls: BTreeMap<(String, &str), (u64, u64)> = BTreeMap::new();
        for call in state.chain.iter().flat_map(|chain| chain.calls()) {
            let (made, failed) = calls.entry((call.endpoint, call.method)).or_default();
            *made = made.saturating_add(call.made);
            *failed = failed.saturating_add(call.failed);
        }
        let labels = |(endpoint, method): &(String, &str)| {
            vec![("endpoint", endpoint.clone()), ("method", (*method).to_owned())]
        };
        let made = calls.iter().map(|(of, (made, _))| (labels(of), *made));
        self.counter("rpc_calls", "JSON-RPC calls made", None, made);
        let failed = calls.iter().map(|(of, (_, failed))| (labels(of), *failed));
        self.counter("rpc_failures", "JSON-RPC calls that got an error, or no answer in time", None, failed);
        let switches = state.chain.as_ref().map(|chain| (Labels::new(), chain.switches()));
        self.counter("endpoint_switches", "How often one endpoint was left for another", None, switches);
        if let Some(runtime) = state.chain.as_ref().and_then(|chain| chain.newest_runtime()) {
            self.runtime(&runtime);
        }
    }

    /// The newest runtime seen so far.
    fn runtime(&mut self, runtime: &Runtime) {
        self.gauge(
            "runtime_spec_version",
            "The version of the newest runtime met",
            None,
            [(Labels::new(), i64::from(runtime.spec_version()))],
        );
        let beyond = i64::from(runtime.facts().standing().is_beyond());
        self.gauge(
            "runtime_unmeasured",
            "Whether the newest runtime is older or newer than any that was measured",
            None,
            [(Labels::new(), beyond)],
        );
        let count = |kind: ItemKind, reshaped: bool| {
            whole(
                runtime
                    .unknown()
                    .iter()
                    .filter(|unknown| unknown.item.kind == kind && unknown.reshaped == reshaped)
                    .count(),
            )
        };
        let both = |kind: ItemKind| {
            [(false, "new"), (true, "reshaped")].map(|(reshaped, why)| {
                (vec![("kind", kind.name().to_owned()), ("why", why.to_owned())], count(kind, reshaped))
            })
        };
        let help =
            "Items of the newest runtime that may affect stake and are not known in this form, by kind";
        self.gauge("runtime_unknown_items", help, None, ItemKind::ALL.into_iter().flat_map(both));
    }

    fn records(&mut self, state: &State, now: SystemTime) {
        let subnets = state.subnets();
        let head = state.head();
        let marks =
            || subnets.iter().filter_map(|(netuid, subnet)| subnet.watermark.map(|record| (*netuid, record)));
        self.gauge(
            "recorded",
            "The last block of the record",
            Some(block()),
            marks().map(|(netuid, r)| (of(netuid), whole(r.block.number.0))),
        );
        let lags = marks().filter_map(|(netuid, r)| {
            head.map(|head| (of(netuid), whole(head.0.saturating_sub(r.block.number.0))))
        });
        self.gauge(
            "lag",
            "How many blocks the finalized head is ahead of the record",
            Some(Unit::Other("blocks".into())),
            lags,
        );
        let ages = marks().map(|(netuid, record)| (of(netuid), whole(age(record.time, now).as_secs())));
        self.gauge(
            "block_age",
            "How old the record's last block is by this machine's clock",
            Some(Unit::Seconds),
            ages,
        );
        let epochs = subnets
            .iter()
            .filter_map(|(netuid, s)| s.last_epoch.map(|epoch| (of(*netuid), whole(epoch.block.number.0))));
        self.gauge("last_epoch", "The block of the newest epoch", Some(block()), epochs);
        let roles = subnets.iter().flat_map(|(netuid, subnet)| {
            let is =
                |name: &'static str| (and(of(*netuid), "role", name), i64::from(subnet.role.name() == name));
            Role::NAMES.map(is)
        });
        self.gauge(
            "role",
            "1 for what this process does for the subnet: leader (records), standby or reader",
            None,
            roles,
        );
    }

    /// What this process has recorded. Every series exists from the start, so that an increase is visible.
    fn taken_in(&mut self, state: &State) {
        let subnets = state.subnets();
        let by = |count: fn(&Subnet) -> u64| {
            subnets.iter().map(move |(netuid, subnet)| (of(*netuid), count(subnet)))
        };
        let epochs = subnets.iter().flat_map(|(netuid, subnet)| {
            let of_way = |way: Detection| {
                (
                    and(of(*netuid), "detected", way.name()),
                    subnet.counts.epochs.get(&way).copied().unwrap_or(0),
                )
            };
            Detection::ALL.map(of_way)
        });
        self.counter("epochs", "Epochs recorded, by how they were found", None, epochs);
        self.counter("entries", "Ledger entries recorded", None, by(|subnet| subnet.counts.entries));
        self.counter(
            "unattributed",
            "Changes that no event explains, as they were recorded",
            Some(rao()),
            by(|s| s.counts.unattributed),
        );
        self.counter(
            "rounding",
            "Rounding of the chain's share pools, as it was recorded",
            Some(rao()),
            by(|s| s.counts.rounding),
        );
        let failures = by(|subnet| subnet.counts.conservation_failures);
        self.counter(
            "conservation_failures",
            "Epochs at which the ledger did not agree with the chain",
            None,
            failures,
        );
    }

    /// Figures as of the newest epoch, computed once an epoch.
    fn figures(&mut self, state: &State) {
        let subnets = state.subnets();
        let known = || {
            subnets
                .iter()
                .filter_map(|(netuid, subnet)| subnet.figures.as_ref().map(|figures| (*netuid, figures)))
        };
        let by =
            |value: fn(&Figures) -> i64| known().map(move |(netuid, figures)| (of(netuid), value(figures)));
        let covered = by(|figures| i64::from(figures.incomplete_since.is_none()));
        self.gauge(
            "window_covered",
            "Whether the record covers the window of the newest epoch",
            None,
            covered,
        );
        self.gauge("holders", "Holders of the window", None, by(|figures| whole(figures.holders)));
        self.gauge(
            "window_unattributed",
            "Changes in the window that no event explains",
            Some(rao()),
            by(|f| whole(f.unattributed)),
        );
        self.gauge(
            "window_rounding",
            "Rounding of the chain's share pools in the window",
            Some(rao()),
            by(|f| whole(f.rounding)),
        );
        let neurons = known().flat_map(|(netuid, figures)| {
            figures.neurons.iter().map(move |((effect, limited_by), count)| {
                (and(and(of(netuid), "effect_percent", effect), "limited_by", limited_by), whole(*count))
            })
        });
        let help =
            "Neurons by the part of the possible effect that their multiplier has, and by what limits it";
        self.gauge("neurons", help, None, neurons);
        let multipliers = known()
            .filter_map(|(netuid, figures)| figures.multipliers.map(|multipliers| (netuid, multipliers)));
        let multipliers = multipliers.flat_map(|(netuid, (lowest, mean, highest))| {
            let of_kind = |(name, value): (&str, Ppb)| {
                (and(of(netuid), "statistic", name), ConstGauge::new(value.as_f64()))
            };
            [("lowest", lowest), ("mean", mean), ("highest", highest)].map(of_kind)
        });
        self.add(
            "multiplier",
            "The neurons' multipliers",
            Some(Unit::Other("ratio".into())),
            multipliers.collect(),
        );
    }

    fn store(&mut self, state: &State) {
        let help = "How long calls to the database took, by method";
        self.registry.register_with_unit("store_call", help, Unit::Seconds, state.times.seconds.clone());
        let help = "Calls to the database that failed, by method";
        self.registry.register("store_failures", help, state.times.failures.clone());
    }
}

fn block() -> Unit {
    Unit::Other("block".into())
}

fn rao() -> Unit {
    Unit::Other("rao".into())
}
