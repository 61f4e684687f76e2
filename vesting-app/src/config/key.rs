//! The list of all keys. Flags, the file, the environment and `vesting config` follow from it.

/// How a value is written in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    Text,
    Number,
    YesNo,
    Texts,
    Numbers,
}

/// A key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    pub name: &'static str,
    pub shape: Shape,
    /// What the command line calls its value.
    pub value_name: &'static str,
    /// `None` if the key is unset by default.
    pub default: Option<&'static str>,
    /// A value to show if there is no default.
    pub example: &'static str,
    /// What the value counts.
    pub unit: Option<&'static str>,
    pub meaning: &'static str,
    /// Other names of the flag: those that the help shows, and those that are only understood.
    pub aliases: (&'static [&'static str], &'static [&'static str]),
    /// Whether a `[subnet.N]` table may hold it.
    pub of_policy: bool,
}

const fn key(name: &'static str, shape: Shape, value_name: &'static str, meaning: &'static str) -> Key {
    Key {
        name,
        shape,
        value_name,
        default: None,
        example: "",
        unit: None,
        meaning,
        aliases: (&[], &[]),
        of_policy: false,
    }
}

impl Key {
    const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    const fn example(self, example: &'static str) -> Self {
        Self { example, ..self }
    }

    const fn unit(self, unit: &'static str) -> Self {
        Self { unit: Some(unit), ..self }
    }

    const fn aliases(self, shown: &'static [&'static str], hidden: &'static [&'static str]) -> Self {
        Self { aliases: (shown, hidden), ..self }
    }

    const fn of_policy(self) -> Self {
        Self { of_policy: true, ..self }
    }

    /// The flag, without its dashes.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// Whether its value must not be shown.
    pub fn is_secret(&self) -> bool {
        matches!(self.name, "api_token" | "bootstrap_token" | "bootstrap_digest_token")
    }

    /// Whether its value may hold a secret. A wrong value of such a key is not repeated in messages.
    pub fn may_hold_secrets(&self) -> bool {
        self.is_secret()
            || matches!(
                self.name,
                "network"
                    | "endpoints"
                    | "archive_endpoints"
                    | "database_url"
                    | "bootstrap"
                    | "bootstrap_digest_from"
            )
    }

    /// The key of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        KEYS.iter().find(|key| key.name == name)
    }
}

/// The key that pins a policy. It stands where the policy does, and is no part of it.
pub const PIN: &str = "expect_policy_digest";

/// The names of the keys of the policy.
pub fn policy_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(|key| key.of_policy && key.name != PIN).map(|key| key.name)
}

/// Every key there is.
pub const KEYS: [Key; 37] = [
    key(
        "network",
        Shape::Text,
        "NAME|URL",
        "The chain: finney, test, archive, local, or a ws:// or wss:// URL",
    )
    .default("finney")
    .aliases(&[], &["subtensor.network"]),
    key(
        "endpoints",
        Shape::Texts,
        "URL,…",
        "Endpoints, comma-separated on the command line, the preferred one first; override what the network \
         implies",
    )
    .example("ws://127.0.0.1:9944")
    .aliases(&[], &["endpoint", "subtensor.chain_endpoint"]),
    key("archive_endpoints", Shape::Texts, "URL,…", "Endpoints that keep old state")
        .example("wss://archive.chain.opentensor.ai:443"),
    key("netuids", Shape::Numbers, "N,…", "The subnets to follow or to show")
        .example("2,3")
        .aliases(&["netuid"], &[]),
    key("database_url", Shape::Text, "URL", "The database: sqlite://FILE or postgres://…")
        .default("sqlite://vesting.db"),
    key(
        "keep_snapshots_days",
        Shape::Number,
        "DAYS",
        "How many days of the record to keep before its end: `vesting run` and `vesting db prune` remove \
         what is older; whole days, at least the retention window; if unset, nothing is removed",
    )
    .example("60")
    .unit("days"),
    key("minimum_stake", Shape::Number, "ALPHA", "Stake under which a holder gets no multiplier")
        .default("0.3")
        .unit("alpha")
        .of_policy(),
    key(
        "retention_window_days",
        Shape::Number,
        "DAYS",
        "How far back retention is measured; fractions are fine",
    )
    .default("30")
    .unit("days")
    .of_policy(),
    key("retention_target", Shape::Number, "FRACTION", "The part of the rewards to keep for the full effect")
        .default("0.9")
        .unit("a fraction, above 0 and at most 1")
        .of_policy(),
    key("max_multiplier", Shape::Number, "FACTOR", "The largest multiplier")
        .default("1.5")
        .unit("a factor, from 1 to 1000")
        .of_policy(),
    key(
        "formula",
        Shape::Text,
        "NAME",
        "How a holding becomes a multiplier: geometric_mean, tiered, linear (the part kept alone), logarithmic \
         (the first days held count for more), or stake_tiers (a table)",
    )
    .default("geometric_mean")
    .of_policy(),
    key(
        "duration_scale_days",
        Shape::Number,
        "DAYS",
        "With logarithmic: the time after which further days count for half as much as the first",
    )
    .default("7")
    .unit("days")
    .of_policy(),
    key(
        "stake_tiers",
        Shape::Texts,
        "ALPHA:FACTOR,…",
        "With stake_tiers: the table, a stake and the factor from there on, by rising stake",
    )
    .example("1000:1.1,5000:1.3")
    .unit("alpha and a factor, from 1 to max_multiplier")
    .of_policy(),
    key(
        "stake_tiers_on",
        Shape::Text,
        "STAKE",
        "With stake_tiers: what the table is about, stake (all of it) or held_rewards (what is held of the \
         window's rewards)",
    )
    .default("stake")
    .of_policy(),
    key(
        "duration_rule",
        Shape::Text,
        "RULE",
        "For how long rewards count as held: default (on average) or since_last_sale",
    )
    .default("default")
    .of_policy(),
    key(
        "opening_cap",
        Shape::Number,
        "FACTOR",
        "How many times the window's rewards the stake of before the window counts at most in the time held; \
         if unset, all of it",
    )
    .example("1")
    .unit("a factor, at most 1000")
    .of_policy(),
    key("below_minimum", Shape::Text, "RULE", "What happens under the minimum: no_multiplier or zero_weight")
        .default("no_multiplier")
        .of_policy(),
    key(
        "redistribution",
        Shape::Text,
        "RULE",
        "What happens to the weight that multipliers add or take: normalise (shared by all), threshold (the \
         same, and weights under the threshold go to the others), or burn (to one uid)",
    )
    .default("normalise")
    .of_policy(),
    key(
        "threshold_factor",
        Shape::Number,
        "FRACTION",
        "With threshold: the part of its own weight that one must have after normalising",
    )
    .default("0")
    .unit("a fraction, at most 1000")
    .of_policy(),
    key(
        "absolute_threshold",
        Shape::Number,
        "WEIGHT",
        "With threshold: the weight that one must have after normalising",
    )
    .default("0")
    .unit("weight")
    .of_policy(),
    key("burn_uid", Shape::Number, "UID", "With burn: the uid that gets the rest")
        .example("0")
        .unit("uid")
        .of_policy(),
    key(
        "unattributed",
        Shape::Text,
        "RULE",
        "What becomes of a change that nothing explains: neutral (what came is other income, what went is \
         no sale) or flow (bought or sold)",
    )
    .default("neutral")
    .of_policy(),
    key(
        "effective_from_block",
        Shape::Number,
        "BLOCK",
        "Return weights unchanged before this block, so that validators switch together",
    )
    .example("7000000")
    .unit("block")
    .of_policy(),
    key(
        PIN,
        Shape::Text,
        "0x…",
        "Refuse to run unless the policy has this digest, so that nobody adjusts weights under another one than \
         was announced",
    )
    .example("0xec729c2eeaddf12347494ae7468d724edc8139fe522f728893f3ce9511665377")
    .of_policy(),
    key("shadow", Shape::YesNo, "BOOL", "Compute and report, but return weights unchanged: true or false")
        .default("false")
        .of_policy(),
    key(
        "use_background_thread",
        Shape::YesNo,
        "BOOL",
        "Let `vesting run` follow the chain by itself; if false it goes on only when asked, by `vesting \
         update` or POST /v1/update: true or false",
    )
    .default("true"),
    key(
        "query_interval_seconds",
        Shape::Number,
        "SECONDS",
        "Ask for the head after this long without a notice of a new one",
    )
    .default("300")
    .unit("seconds, from 1 to 86400"),
    key("max_requests_in_flight", Shape::Number, "N", "The most requests to the chain under way at once")
        .default("8")
        .unit("requests, from 1 to 1024"),
    key("bind", Shape::Text, "ADDRESS", "Where `vesting run` serves its HTTP API").default("127.0.0.1:9180"),
    key(
        "api_token",
        Shape::Text,
        "TOKEN",
        "What the API asks for, as `Authorization: Bearer …`; better set as VESTING_API_TOKEN, since others \
         on the machine can read flags",
    )
    .example("a-long-random-word"),
    key(
        "bootstrap",
        Shape::Text,
        "URL",
        "Where `vesting run` takes the record of a subnet from if it has none: a validator's API, or a file; \
         without one, from the chain",
    )
    .example("https://validator.example"),
    key(
        "bootstrap_token",
        Shape::Text,
        "TOKEN",
        "The token of that API; better set as VESTING_BOOTSTRAP_TOKEN",
    )
    .example("another-long-random-word"),
    key(
        "bootstrap_digest_from",
        Shape::Text,
        "URL",
        "The API of a second validator, whose state digest must be that of the record",
    )
    .example("https://other.example"),
    key(
        "bootstrap_digest_token",
        Shape::Text,
        "TOKEN",
        "The token of that second API; better set as VESTING_BOOTSTRAP_DIGEST_TOKEN",
    )
    .example("a-third-long-random-word"),
    key(
        "allow_public_without_token",
        Shape::YesNo,
        "BOOL",
        "Let the API listen elsewhere than on loopback without a token: true or false",
    )
    .default("false"),
    key(
        "stale_after_seconds",
        Shape::Number,
        "SECONDS",
        "The age of the record's last block from which the API marks weights as `stale` and is not ready",
    )
    .default("600")
    .unit("seconds"),
    key(
        "log_format",
        Shape::Text,
        "FORMAT",
        "How the log is written: human, json (one object a line), or auto (human on a terminal, else json)",
    )
    .default("auto"),
];
