//! `[alerts]` and `[[sink]]`: what is alarmed about, and who is told.
//!
//! Every rule has defaults of its own; `[alerts.rule.NAME]` changes only what it names. Tokens and
//! addresses that hold one never stand in the configuration: a sink names a file, or systemd hands
//! the credentials `SINK_url` and `SINK_token` over.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer, Serialize, de};

pub use super::Span;

/// `[alerts]`: what is alarmed about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Alerts {
    /// Whether the orchestrator starts `health watch` as its companion.
    pub companion: Companion,
    /// From one evaluation to the next.
    pub every: Span,
    /// From the first message of an alert to the first reminder.
    pub first_reminder: Span,
    /// From one reminder to the next.
    pub reminder: Span,
    /// How messages call this machine; empty = its host name.
    pub host: String,
    /// Where the runbook is; messages point to the alert's place in it.
    pub runbook: String,
    /// How many messages each sink keeps while it can't be reached; more are put together into one.
    pub keep_messages: u32,
    /// The rules by name.
    pub rule: Rules,
}

impl Default for Alerts {
    fn default() -> Self {
        Alerts {
            companion: Companion::Auto,
            every: Span::seconds(5),
            first_reminder: Span::seconds(3600),
            reminder: Span::seconds(4 * 3600),
            host: String::new(),
            runbook: "docs/ALERTS.md".to_owned(),
            keep_messages: 100,
            rule: Rules::default(),
        }
    }
}

/// Whether the orchestrator starts `health watch`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Companion {
    /// When a sink is configured.
    #[default]
    Auto,
    /// Always.
    On,
    /// Never.
    Off,
}

impl super::Config {
    /// Whether the orchestrator is to start `health watch`.
    pub fn wants_companion(&self) -> bool {
        match self.alerts.companion {
            Companion::Auto => !self.sink.is_empty(),
            Companion::On => true,
            Companion::Off => false,
        }
    }
}

/// How urgent an alert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody should look at it some time.
    Warning,
    /// Somebody should look at it now.
    Critical,
}

impl Severity {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Warning => "warning",
            Severity::Critical => "critical",
        }
    }
}

/// One `[alerts.rule.NAME]`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rule {
    /// Whether it is looked at.
    pub enabled: bool,
    /// How urgent it is.
    pub severity: Severity,
    /// From here on it is a problem; what it counts and in which unit is the rule's own.
    pub threshold: f64,
    /// It is over when the number is back here: another level than `threshold`, against flapping.
    pub clear: f64,
    /// How long it must last before it is told.
    #[serde(rename = "for")]
    pub lasting: Span,
    /// How long it must be over before that is told.
    pub hold: Span,
}

/// What `[alerts.rule.NAME]` may say; what it leaves out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    enabled: Option<bool>,
    severity: Option<Severity>,
    threshold: Option<f64>,
    clear: Option<f64>,
    #[serde(rename = "for")]
    lasting: Option<Span>,
    hold: Option<Span>,
}

/// All rules by name.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Rules(BTreeMap<String, Rule>);

/// Name, severity, threshold, clear, `for` and `hold` in seconds.
const DEFAULTS: [(&str, Severity, f64, f64, u64, u64); 21] = {
    use Severity::{Critical, Warning};
    [
        // The first system's conditions.
        ("ServiceDown", Critical, 1.0, 1.0, 30, 60),
        ("LowSuccessRate", Critical, 50.0, 60.0, 0, 300),
        ("FailedCycles", Warning, 10.0, 5.0, 0, 300),
        ("NoActivity", Critical, 600.0, 600.0, 0, 60),
        ("CpuHigh", Warning, 90.0, 80.0, 600, 300),
        ("MemoryHigh", Warning, 90.0, 85.0, 300, 300),
        ("DiskHigh", Warning, 90.0, 85.0, 60, 300),
        // An orchestrator that lives and does not move; a disk on which nothing can be written soon.
        ("ServiceHung", Critical, 15.0, 15.0, 0, 60),
        ("DiskLow", Critical, 1e9, 1.5e9, 0, 300),
        // Those that experience asks for.
        ("DataStale", Critical, 120.0, 120.0, 60, 120),
        ("PublishStale", Critical, 120.0, 120.0, 60, 120),
        ("UpstreamAuth", Critical, 1.0, 1.0, 0, 0),
        ("UpstreamErrors", Warning, 10.0, 5.0, 120, 300),
        ("RecordsDrop", Warning, 50.0, 40.0, 600, 600),
        ("DiskForecast", Warning, 345_600.0, 518_400.0, 3600, 3600),
        ("CrashLoop", Critical, 3.0, 2.0, 0, 600),
        ("SinkFailing", Warning, 600.0, 600.0, 0, 60),
        ("OddsCoverageDrop", Warning, 50.0, 40.0, 600, 600),
        ("CycleOverruns", Warning, 3.0, 1.0, 0, 600),
        ("JournalBroken", Warning, 1.0, 1.0, 60, 60),
        ("ConfigurationInvalid", Warning, 1.0, 1.0, 60, 0),
    ]
};

impl Default for Rules {
    fn default() -> Self {
        let rules = DEFAULTS.map(|(name, severity, threshold, clear, lasting, hold)| {
            let rule = Rule {
                enabled: true,
                severity,
                threshold,
                clear,
                lasting: Span::seconds(lasting),
                hold: Span::seconds(hold),
            };
            (name.to_owned(), rule)
        });
        Rules(rules.into())
    }
}

impl Rules {
    /// The rule of this name.
    pub fn get(&self, name: &str) -> Option<&Rule> {
        self.0.get(name)
    }

    /// The rule of this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Rule> {
        self.0.get_mut(name)
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut rules = Rules::default();
        for (name, change) in BTreeMap::<String, Change>::deserialize(deserializer)? {
            let Some(rule) = rules.0.get_mut(&name) else {
                let known: Vec<_> = rules.names().collect();
                return Err(de::Error::custom(format!(
                    "there is no alert rule `{name}`; there are {}",
                    known.join(", ")
                )));
            };
            rule.enabled = change.enabled.unwrap_or(rule.enabled);
            rule.severity = change.severity.unwrap_or(rule.severity);
            // Who moves only the threshold moves the way back with it.
            let moved = change.threshold.map(|new| new - rule.threshold);
            rule.clear = change.clear.unwrap_or(rule.clear + moved.unwrap_or(0.0));
            rule.threshold = change.threshold.unwrap_or(rule.threshold);
            rule.lasting = change.lasting.unwrap_or(rule.lasting);
            rule.hold = change.hold.unwrap_or(rule.hold);
        }
        Ok(rules)
    }
}

/// What a sink is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkKind {
    /// A Telegram bot: `token` and `chat`.
    Telegram,
    /// A Discord webhook: its address is the secret.
    Discord,
    /// A Slack webhook: its address is the secret.
    Slack,
    /// An ntfy topic: its address, and a token if the server wants one.
    Ntfy,
    /// Any address, with the JSON that Alertmanager sends.
    Webhook,
    /// Mail over SMTP: `url` is `smtps://USER@HOST` or `smtp://USER@HOST`, the token the password.
    Email,
    /// A program that gets the JSON on its standard input.
    Command,
    /// A dead-man's switch: an address that is called after good cycles (healthchecks.io's protocol).
    Ping,
}

impl SinkKind {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            SinkKind::Telegram => "telegram",
            SinkKind::Discord => "discord",
            SinkKind::Slack => "slack",
            SinkKind::Ntfy => "ntfy",
            SinkKind::Webhook => "webhook",
            SinkKind::Email => "email",
            SinkKind::Command => "command",
            SinkKind::Ping => "ping",
        }
    }
}

/// One `[[sink]]`: who is told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SinkSpec {
    /// Its name in reports; also that of its credentials, `NAME_url` and `NAME_token`.
    pub name: String,
    /// What it is.
    pub kind: SinkKind,
    /// Its address, where that is no secret (ntfy, webhook, email, Telegram's own server).
    #[serde(default)]
    pub url: String,
    /// A file that holds its address.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// A file that holds its token or password.
    #[serde(default)]
    pub token_file: Option<PathBuf>,
    /// Telegram: the chat's number or `@name`. Email: who gets it.
    #[serde(default)]
    pub to: String,
    /// Email: who sends it.
    #[serde(default)]
    pub from: String,
    /// Command: the program and its arguments.
    #[serde(default)]
    pub command: Vec<String>,
    /// Only alerts at least so urgent.
    #[serde(default = "warnings_too")]
    pub severity: Severity,
    /// How long one delivery may take.
    #[serde(default = "ten_seconds")]
    pub timeout: Span,
    /// A file of certificates (PEM) whose signatures count beside those that the system trusts, for a sink
    /// behind an authority of one's own.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

const fn warnings_too() -> Severity {
    Severity::Warning
}

const fn ten_seconds() -> Span {
    Span::seconds(10)
}

/// Checks ranges, and what each kind of sink needs; the fault, if there is one.
pub(super) fn fault(alerts: &Alerts, sinks: &[SinkSpec]) -> Option<String> {
    if alerts.every.0.is_zero() {
        return Some("[alerts] every must be longer than nothing".to_owned());
    }
    if alerts.first_reminder.0.as_secs() < 60 || alerts.reminder.0.as_secs() < 60 {
        return Some("[alerts] reminders must be at least a minute apart".to_owned());
    }
    if alerts.keep_messages == 0 {
        return Some("[alerts] keep_messages must be at least 1".to_owned());
    }
    for (n, sink) in sinks.iter().enumerate() {
        let fault = |text: &str| Some(format!("[[sink]] `{}`: {text}", sink.name));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if sink.name.is_empty() || !sink.name.chars().all(plain) {
            return fault("a name is letters, digits, `_` and `-`");
        }
        if sinks[..n].iter().any(|other| other.name == sink.name) {
            return fault("names must differ from each other");
        }
        let secret_url = matches!(
            sink.kind,
            SinkKind::Discord | SinkKind::Slack | SinkKind::Ping
        );
        if secret_url && !sink.url.is_empty() {
            return fault(
                "its address is a secret: put it into a file and name that with url_file, \
                 or give it as the credential NAME_url",
            );
        }
        if sink.kind == SinkKind::Telegram && sink.to.is_empty() {
            return fault("`to` must be the chat's number or @name");
        }
        if sink.kind == SinkKind::Email && (sink.to.is_empty() || sink.from.is_empty()) {
            return fault("`from` and `to` must be mail addresses");
        }
        if (sink.kind == SinkKind::Command) == sink.command.is_empty() {
            return fault("`command` belongs to the kind \"command\", which needs it");
        }
        if sink.kind == SinkKind::Command && sink.ca_file.is_some() {
            return fault("`ca_file` belongs to kinds that have an address");
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;

    fn faults(text: &str) -> String {
        match toml::from_str::<Config>(text) {
            Err(why) => why.to_string(),
            Ok(config) => config.check().unwrap_err().message,
        }
    }

    #[test]
    fn a_rule_changes_only_what_it_names_and_the_way_back_moves_along() {
        let config: Config =
            toml::from_str("[alerts.rule.DiskHigh]\nthreshold = 80\nfor = \"5m\"\n").unwrap();
        let rule = config.alerts.rule.get("DiskHigh").unwrap();
        assert_eq!((rule.threshold, rule.clear), (80.0, 75.0));
        assert_eq!(rule.lasting, Span::seconds(300));
        assert_eq!(rule.hold, Span::seconds(300));
        let others = |rules: &Rules| {
            let mut rules = rules.clone();
            rules.0.remove("DiskHigh");
            rules
        };
        assert_eq!(others(&config.alerts.rule), others(&Rules::default()));
    }

    #[test]
    fn a_misspelt_rule_and_a_token_in_the_configuration_are_refused() {
        let typo = faults("[alerts.rule.DiskHihg]\nthreshold = 1\n");
        assert!(typo.contains("no alert rule `DiskHihg`"), "{typo}");
        let sink = |rest: &str| faults(&format!("[[sink]]\nname = \"a\"\n{rest}\n"));
        for (rest, word) in [
            ("kind = \"discord\"\nurl = \"https://x/y\"", "is a secret"),
            ("kind = \"telegram\"", "chat's number"),
            (
                "kind = \"telegram\"\ntoken = \"x\"",
                "unknown field `token`",
            ),
            ("kind = \"command\"", "needs it"),
            ("kind = \"pigeon\"", "unknown variant"),
            (
                "kind = \"command\"\ncommand = [\"x\"]\nca_file = \"ca.pem\"",
                "kinds that have an address",
            ),
        ] {
            let fault = sink(rest);
            assert!(fault.contains(word), "{fault} lacks {word}");
        }
    }

    #[test]
    fn the_companion_comes_with_the_first_sink() {
        let with = |text: &str| toml::from_str::<Config>(text).unwrap().wants_companion();
        let sink = "[[sink]]\nname = \"a\"\nkind = \"ntfy\"\n";
        assert!(!with(""));
        assert!(with(sink));
        assert!(with("[alerts]\ncompanion = \"on\"\n"));
        assert!(!with(&format!("[alerts]\ncompanion = \"off\"\n{sink}")));
    }
}
