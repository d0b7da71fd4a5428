//! `[pipeline]`: which steps a cycle has.

use serde::{Deserialize, Serialize};

use super::Span;

/// `[pipeline]`: the steps of a cycle.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pipeline {
    /// Between the polite signal and the kill.
    pub grace: Span,
    /// When a cycle ends, whatever its steps are still allowed.
    pub deadline: Span,
    /// How often a step that ended with a retryable code (69, 75) is tried again within its cycle.
    pub retries: u32,
    /// How long before the first of those tries; before each further one twice as long.
    pub retry_delay: Span,
    /// Names of steps that are left out.
    pub without: Vec<String>,
    /// The steps in the order in which they run. Entries without `after` replace all six; those with
    /// `after` are added.
    pub step: Vec<StepSpec>,
}

impl Default for Pipeline {
    fn default() -> Self {
        Pipeline {
            grace: Span::seconds(5),
            deadline: Span::seconds(180),
            retries: 3,
            retry_delay: Span::seconds(1),
            without: Vec::new(),
            step: six(),
        }
    }
}

/// The six steps.
fn six() -> Vec<StepSpec> {
    let step = |number: u8, timeout| StepSpec {
        name: format!("step{number}"),
        program: format!("step{number}"),
        args: Vec::new(),
        timeout: Span::seconds(timeout),
        required: true,
        after: String::new(),
        memory: 0,
    };
    vec![
        step(1, 55),
        step(2, 30),
        step(3, 20),
        step(4, 20),
        step(5, 20),
        step(6, 20),
    ]
}

impl Pipeline {
    /// The steps of a cycle in their order: the entries without `after` (all six, if there is no such
    /// entry), less those in `without`, and the others each behind the step that it names.
    ///
    /// # Errors
    /// Every fault, in words.
    pub fn steps(&self) -> Result<Vec<StepSpec>, Vec<String>> {
        let mut faults = Vec::new();
        let (mut steps, mut added): (Vec<_>, Vec<_>) = self
            .step
            .iter()
            .cloned()
            .partition(|step| step.after.is_empty());
        if steps.is_empty() {
            steps = six();
        }
        for name in &self.without {
            let before = steps.len() + added.len();
            steps.retain(|step| step.name != *name);
            added.retain(|step| step.name != *name);
            if steps.len() + added.len() == before {
                faults.push(format!("[pipeline] without: there is no step `{name}`"));
            }
        }
        while !added.is_empty() {
            let place = added.iter().enumerate().find_map(|(index, step)| {
                let before = steps.iter().rposition(|other| {
                    // Behind those that were added behind the same step before.
                    other.name == step.after || other.after == step.after
                })?;
                Some((index, before + 1))
            });
            match place {
                Some((index, place)) => steps.insert(place, added.remove(index)),
                None => {
                    faults.extend(added.drain(..).map(|step| {
                        let StepSpec { name, after, .. } = step;
                        format!(
                            "[[pipeline.step]] `{name}` comes after `{after}`, which is no step"
                        )
                    }));
                }
            }
        }
        for (index, step) in steps.iter().enumerate() {
            if step.name.is_empty() || step.program.is_empty() {
                faults.push("[[pipeline.step]] needs a name and a program".to_owned());
            }
            if step.timeout.0.is_zero() {
                let name = &step.name;
                faults.push(format!(
                    "[[pipeline.step]] `{name}`: timeout must be longer than nothing"
                ));
            }
            if steps[..index].iter().any(|other| other.name == step.name) {
                let name = &step.name;
                faults.push(format!(
                    "[[pipeline.step]] names must differ from each other (`{name}`)"
                ));
            }
        }
        if steps.is_empty() {
            faults.push("[[pipeline.step]] needs at least one step".to_owned());
        }
        if faults.is_empty() {
            Ok(steps)
        } else {
            Err(faults)
        }
    }
}

/// One `[[pipeline.step]]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepSpec {
    /// Its name in logs and reports.
    pub name: String,
    /// The program: a name beside the orchestrator, or a path.
    pub program: String,
    /// Arguments before the standard ones (`--cycle`, `--data-dir`, `--config`).
    #[serde(default)]
    pub args: Vec<String>,
    /// When the step is told to end.
    pub timeout: Span,
    /// Whether the cycle fails with it.
    #[serde(default = "yes")]
    pub required: bool,
    /// The step that it comes after; empty = in the order of the list.
    #[serde(default)]
    pub after: String,
    /// The most memory that it may have mapped, in bytes; 0 = no limit.
    #[serde(default)]
    pub memory: u64,
}

const fn yes() -> bool {
    true
}
