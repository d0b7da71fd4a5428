//! What the programs are made of, for whoever must know when a part turns out to be at fault: a CycloneDX
//! document of all crates that end up in the programs, with versions, licences and checksums, from
//! `Cargo.lock` and what cargo knows of it. No network.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use toml::Table;

/// The programs that are shipped.
pub const SHIPPED: [&str; 9] = [
    "orchestrator",
    "health",
    "sandbox",
    "step1",
    "step2",
    "step3",
    "step4",
    "step5",
    "step6",
];

/// The document, indented.
///
/// # Errors
/// When cargo does not answer, or its answer is not what it should be.
pub fn document() -> Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let metadata = metadata(&root)?;
    let lock = fs::read_to_string(root.join("Cargo.lock")).context("failed to read Cargo.lock")?;
    let checksums = checksums(&lock)?;
    let packages: BTreeMap<&str, &Value> = list(&metadata["packages"])
        .filter_map(|package| Some((package["id"].as_str()?, package)))
        .collect();
    let edges: BTreeMap<&str, Vec<&str>> = list(&metadata["resolve"]["nodes"])
        .filter_map(|node| Some((node["id"].as_str()?, shipped_edges(node))))
        .collect();
    let roots: Vec<&str> = packages
        .iter()
        .filter(|(_, package)| {
            package["source"].is_null() && SHIPPED.contains(&text(&package["name"]))
        })
        .map(|(id, _)| *id)
        .collect();
    if roots.len() != SHIPPED.len() {
        bail!(
            "cargo knows {} of the {} programs",
            roots.len(),
            SHIPPED.len()
        );
    }
    let reached = reached(&roots, &edges);
    let mut components: Vec<Value> = reached
        .iter()
        .filter_map(|id| packages.get(id))
        .map(|package| component(package, &checksums))
        .collect();
    components.sort_by_key(|component| text(&component["bom-ref"]).to_owned());
    let reference = |id: &&str| packages.get(id).map(|package| purl(package));
    let mut dependencies: Vec<Value> = reached
        .iter()
        .filter_map(|id| {
            let mut on: Vec<String> = edges
                .get(id)?
                .iter()
                .filter(|e| reached.contains(*e))
                .filter_map(reference)
                .collect();
            on.sort();
            Some(json!({ "ref": reference(id)?, "dependsOn": on }))
        })
        .collect();
    dependencies.sort_by_key(|dependency| text(&dependency["ref"]).to_owned());
    let document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": {
            "type": "application",
            "bom-ref": "football-bot",
            "name": "football-bot",
            "version": pipeline::VERSION,
            "licenses": [{ "expression": "MIT" }],
        }},
        "components": components,
        "dependencies": dependencies,
    });
    let mut out = serde_json::to_string_pretty(&document)?;
    out.push('\n');
    Ok(out)
}

fn metadata(root: &Path) -> Result<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .args(["--filter-platform", env!("TARGET")])
        .current_dir(root)
        .output()
        .context("failed to run cargo")?;
    if !output.status.success() {
        bail!(
            "cargo metadata: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).context("cargo metadata said something else than JSON")
}

/// Checksums by name and version.
fn checksums(lock: &str) -> Result<BTreeMap<(String, String), String>> {
    let lock: Table = lock.parse().context("failed to parse Cargo.lock")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let of = |package: &toml::Value, key: &str| Some(package.get(key)?.as_str()?.to_owned());
    Ok(packages
        .into_iter()
        .flatten()
        .filter_map(|p| Some(((of(p, "name")?, of(p, "version")?), of(p, "checksum")?)))
        .collect())
}

/// What a package needs beside what only its tests and its own build need.
fn shipped_edges(node: &Value) -> Vec<&str> {
    list(&node["deps"])
        .filter(|dependency| list(&dependency["dep_kinds"]).any(|kind| kind["kind"].is_null()))
        .filter_map(|dependency| dependency["pkg"].as_str())
        .collect()
}

fn reached<'a>(roots: &[&'a str], edges: &BTreeMap<&'a str, Vec<&'a str>>) -> BTreeSet<&'a str> {
    let mut reached = BTreeSet::new();
    let mut waiting = roots.to_vec();
    while let Some(id) = waiting.pop() {
        if reached.insert(id) {
            waiting.extend(edges.get(id).into_iter().flatten());
        }
    }
    reached
}

fn component(package: &Value, checksums: &BTreeMap<(String, String), String>) -> Value {
    let (name, version) = (text(&package["name"]), text(&package["version"]));
    let mut component = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": name,
        "version": version,
        "purl": purl(package),
        "scope": "required",
    });
    if let Some(licence) = package["license"].as_str() {
        // The old way of writing "or".
        let licence = licence.replace('/', " OR ");
        let licence: Vec<&str> = licence.split_whitespace().collect();
        component["licenses"] = json!([{ "expression": licence.join(" ") }]);
    }
    if let Some(sum) = checksums.get(&(name.to_owned(), version.to_owned())) {
        component["hashes"] = json!([{ "alg": "SHA-256", "content": sum }]);
    }
    component
}

fn purl(package: &Value) -> String {
    format!(
        "pkg:cargo/{}@{}",
        text(&package["name"]),
        text(&package["version"])
    )
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_foreign_part_has_a_licence_and_a_checksum_and_no_test_part_is_listed() {
        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
        let ours = SHIPPED
            .iter()
            .chain(&["feed", "football", "pipeline", "journal"]);
        let ours: Vec<&str> = ours.copied().collect();
        let names: Vec<&str> = list(&document["components"])
            .map(|c| text(&c["name"]))
            .collect();
        for needed in ["reqwest", "serde_json", "libsqlite3-sys", "rustls", "step1"] {
            assert!(names.contains(&needed), "{needed} is not listed");
        }
        for foreign in ["proptest", "testkit", "clap_mangen", "manual"] {
            assert!(!names.contains(&foreign), "{foreign} is not shipped");
        }
        for component in list(&document["components"]) {
            let name = text(&component["name"]);
            let licence = text(&component["licenses"][0]["expression"]);
            assert!(
                !licence.is_empty() && !licence.contains('/') && !licence.contains("  "),
                "{name}: `{licence}`"
            );
            if !ours.contains(&name) {
                assert!(component["hashes"].is_array(), "{name} has no checksum");
            }
        }
    }

    #[test]
    fn every_foreign_part_is_from_the_one_registry() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let lock = fs::read_to_string(root.join("Cargo.lock")).unwrap();
        let lock: Table = lock.parse().unwrap();
        let packages = lock["package"].as_array().unwrap();
        let sources: BTreeSet<&str> = packages
            .iter()
            .filter_map(|package| package.get("source")?.as_str())
            .collect();
        assert_eq!(sources.len(), 1, "{sources:?}");
        assert!(sources.iter().all(|s| s.starts_with("registry+")));
    }

    /// Whether an SPDX expression can be met with the licences of the list.
    fn met(expression: &str, allowed: &[&str]) -> bool {
        let spaced = expression.replace('(', " ( ").replace(')', " ) ");
        let spaced = spaced.replace(" WITH ", "~");
        let mut words = spaced.split_whitespace().peekable();
        any(&mut words, allowed)
    }

    type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

    fn any(words: &mut Words<'_>, allowed: &[&str]) -> bool {
        let mut met = every(words, allowed);
        while words.next_if_eq(&"OR").is_some() {
            met |= every(words, allowed);
        }
        met
    }

    fn every(words: &mut Words<'_>, allowed: &[&str]) -> bool {
        let mut met = one(words, allowed);
        while words.next_if_eq(&"AND").is_some() {
            met &= one(words, allowed);
        }
        met
    }

    fn one(words: &mut Words<'_>, allowed: &[&str]) -> bool {
        match words.next() {
            Some("(") => {
                let met = any(words, allowed);
                met && words.next() == Some(")")
            }
            Some(name) => allowed.contains(&name.replace('~', " WITH ").as_str()),
            None => false,
        }
    }

    #[test]
    fn every_licence_is_one_that_deny_toml_allows() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let deny: Table = fs::read_to_string(root.join("deny.toml"))
            .unwrap()
            .parse()
            .unwrap();
        let allowed = deny["licenses"]["allow"].as_array().unwrap();
        let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
        assert!(met("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
        assert!(!met("GPL-3.0-only", &allowed) && !met("MIT AND GPL-3.0-only", &allowed));
        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
        for component in list(&document["components"]) {
            let licence = text(&component["licenses"][0]["expression"]);
            assert!(
                met(licence, &allowed),
                "{}: {licence}",
                text(&component["name"])
            );
        }
    }

    #[test]
    fn no_crate_is_shipped_twice_and_none_that_needs_more_than_a_c_compiler() {
        /// Doubles that their users force on us, each small.
        const KNOWN: [&str; 3] = ["getrandom", "signal-hook", "syn"];
        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
        let mut names: Vec<&str> = list(&document["components"])
            .map(|c| text(&c["name"]))
            .collect();
        for banned in ["openssl-sys", "native-tls", "aws-lc-sys"] {
            assert!(!names.contains(&banned), "{banned} is shipped");
        }
        names.sort_unstable();
        let doubled = names
            .windows(2)
            .filter(|pair| pair[0] == pair[1])
            .map(|pair| pair[0]);
        let doubled: Vec<&str> = doubled.filter(|name| !KNOWN.contains(name)).collect();
        assert_eq!(doubled, Vec::<&str>::new(), "shipped in two versions");
    }
}
