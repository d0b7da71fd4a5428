//! `docs/CONFIGURATION.md`, made from the configuration types: their fields, types and doc comments as they
//! stand in the source, and the defaults that the code really has.
//!
//! A new setting needs nothing here. A test compares the page with what is made now, so it can't go stale.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use pipeline::Config;
use syn::{Attribute, Expr, Fields, GenericArgument, Item, Lit, Meta, PathArguments, Type};
use toml::{Table, Value};

const INTRODUCTION: &str = "\
# Every setting

Made from the configuration types by `cargo run -p manual -- configuration`; a test compares. Do not edit it.

Precedence: command line, then environment, then the configuration file, then the default. The file is the one that
`--config` names, else `$FOOTBALL_BOT_CONFIG`, else `football-bot.toml` in `$CONFIGURATION_DIRECTORY` (as a service:
`/etc/football-bot/football-bot.toml`), else `./football-bot.toml`. An unknown key is an error, so a misspelt one can't
silently do nothing; `football-bot orchestrator check` lists every fault.

A variable of the environment names section and key: `FOOTBALL_BOT_FEED__REQUESTS_PER_MINUTE=0`. A length of time is written
`\"60s\"`, `\"5m\"`, `\"1h 30m\"`, `\"250ms\"`; a bare number is seconds. Credentials never stand in the file: see
[OPERATING.md](OPERATING.md).
";

/// What is known of one type of the configuration.
enum Known {
    /// A struct with named fields.
    Section { about: String, fields: Vec<Field> },
    /// An enum: its words.
    Choice(Vec<String>),
    /// Entries by name, all of this type.
    ByName(Type),
}

struct Field {
    key: String,
    about: String,
    kind: Type,
    optional: bool,
}

/// The types by name.
type Types = BTreeMap<String, Known>;

/// The source files of the configuration types.
///
/// # Errors
/// When they can't be found or read.
pub fn sources() -> Result<Vec<String>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates/pipeline/src");
    let mut paths: Vec<PathBuf> = vec![folder.join("config.rs")];
    if let Ok(entries) = fs::read_dir(folder.join("config")) {
        let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
        paths.extend(files.filter(|path| path.extension().is_some_and(|e| e == "rs")));
    }
    paths.sort();
    paths
        .iter()
        .map(|path| {
            fs::read_to_string(path).with_context(|| format!("failed to read `{}`", path.display()))
        })
        .collect()
}

/// The page.
///
/// # Errors
/// When the sources are no Rust, or a section of the configuration is not among them.
pub fn page(sources: &[String]) -> Result<String> {
    let mut types = Types::new();
    for source in sources {
        let file = syn::parse_file(source).context("failed to parse the configuration types")?;
        file.items.iter().for_each(|item| learn(&mut types, item));
    }
    let defaults = Table::try_from(Config::default()).context("failed to write the defaults")?;
    let Some(Known::Section { fields, .. }) = types.get("Config") else {
        bail!("there is no struct `Config` with named fields in the sources");
    };
    let mut page = INTRODUCTION.to_owned();
    for field in fields {
        section(
            &mut page,
            &types,
            &field.key,
            field,
            defaults.get(&field.key),
        );
    }
    Ok(page)
}

/// One section, and behind it the lists of tables in it.
fn section(page: &mut String, types: &Types, path: &str, field: &Field, default: Option<&Value>) {
    let (listed, name) = named(&field.kind);
    match types.get(&name) {
        Some(Known::Section { about, fields }) => {
            let heading = if listed {
                format!("[[{path}]]")
            } else {
                format!("[{path}]")
            };
            page.push_str(&format!("\n## `{heading}`\n\n"));
            // The type's own words, without the heading that they open with.
            let own = about
                .split_once(": ")
                .map_or(about.as_str(), |(_, rest)| rest);
            let about = if listed { &field.about } else { own };
            page.push_str(&format!("{}\n\n", capitalised(about)));
            let default = if listed { None } else { default };
            rows(page, types, path, fields, default);
        }
        Some(Known::ByName(entry)) => by_name(page, types, path, field, entry, default),
        _ => {
            page.push_str(&format!("\n## `{path}`\n\n{}\n\n", field.about));
        }
    }
}

fn rows(page: &mut String, types: &Types, path: &str, fields: &[Field], default: Option<&Value>) {
    let (mut table, mut below) = (String::new(), Vec::new());
    for field in fields {
        let (listed, name) = named(&field.kind);
        let value = default.and_then(|section| section.get(&field.key));
        let is_table = match types.get(&name) {
            Some(Known::Section { .. }) => true,
            Some(Known::ByName(_)) => !listed,
            _ => false,
        };
        if is_table {
            below.push((format!("{path}.{}", field.key), field, value));
            continue;
        }
        let shown = match value {
            Some(value) => format!("`{value}`"),
            None if default.is_some() || field.optional => "none".to_owned(),
            None => "must be given".to_owned(),
        };
        table.push_str(&format!(
            "| `{}` | {} | {} | {} |\n",
            field.key,
            cell(&words(types, &field.kind)),
            cell(&shown),
            cell(&field.about)
        ));
    }
    if !table.is_empty() {
        page.push_str("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
        page.push_str(&table);
    }
    for (path, field, value) in below {
        section(page, types, &path, field, value);
    }
}

/// Entries that all have the same keys: what the keys mean, then every entry with its defaults.
fn by_name(
    page: &mut String,
    types: &Types,
    path: &str,
    field: &Field,
    entry: &Type,
    default: Option<&Value>,
) {
    page.push_str(&format!(
        "\n## `[{path}.NAME]`\n\n{}\n\n",
        capitalised(&field.about)
    ));
    let Some(Known::Section { fields, .. }) = types.get(&named(entry).1) else {
        return;
    };
    page.push_str("| key | type | meaning |\n| --- | --- | --- |\n");
    for field in fields {
        let kind = words(types, &field.kind);
        page.push_str(&format!(
            "| `{}` | {} | {} |\n",
            field.key,
            cell(&kind),
            cell(&field.about)
        ));
    }
    let keys: Vec<&str> = fields.iter().map(|field| field.key.as_str()).collect();
    page.push_str(&format!(
        "\n| NAME | {} |\n|{}\n",
        keys.join(" | "),
        " --- |".repeat(keys.len() + 1)
    ));
    for (name, value) in default.and_then(Value::as_table).into_iter().flatten() {
        let values = keys
            .iter()
            .map(|key| value.get(key).map_or(String::new(), Value::to_string));
        let values: Vec<String> = values.map(|value| cell(&value)).collect();
        page.push_str(&format!("| `{name}` | {} |\n", values.join(" | ")));
    }
}

fn learn(types: &mut Types, item: &Item) {
    match item {
        Item::Struct(found) => {
            let known = match &found.fields {
                Fields::Named(named) => Known::Section {
                    about: about(&found.attrs),
                    fields: named.named.iter().filter_map(field).collect(),
                },
                Fields::Unnamed(inner) => match inner.unnamed.first().and_then(|f| entry(&f.ty)) {
                    Some(entry) => Known::ByName(entry),
                    None => return,
                },
                Fields::Unit => return,
            };
            types.insert(found.ident.to_string(), known);
        }
        Item::Enum(found) => {
            let style = serde_word(&found.attrs, "rename_all");
            let words = found.variants.iter().map(|variant| {
                serde_word(&variant.attrs, "rename")
                    .unwrap_or_else(|| styled(&variant.ident.to_string(), style.as_deref()))
            });
            types.insert(found.ident.to_string(), Known::Choice(words.collect()));
        }
        _ => {}
    }
}

fn field(field: &syn::Field) -> Option<Field> {
    let key =
        serde_word(&field.attrs, "rename").or_else(|| Some(field.ident.as_ref()?.to_string()))?;
    let (_, name) = named(&field.ty);
    Some(Field {
        key: key.trim_start_matches("r#").to_owned(),
        about: about(&field.attrs),
        kind: field.ty.clone(),
        optional: serde_has(&field.attrs, "default") || name == "Option" || is_option(&field.ty),
    })
}

/// The doc comment, in one line.
fn about(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    let text = lines.collect::<Vec<_>>().join(" ").trim().to_owned();
    // A section's comment opens with its own name: `[feed]`: the provider …
    text.replace("  ", " ")
}

/// `word` of `#[serde(name = "word")]`.
fn serde_word(attributes: &[Attribute], name: &str) -> Option<String> {
    let mut found = None;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        // Parts of another form than ours are of no interest, and end the reading of this attribute.
        let _ = attribute.parse_nested_meta(|part| {
            if part.input.peek(syn::Token![=]) {
                let literal: Lit = part.value()?.parse()?;
                if let (true, Lit::Str(text)) = (part.path.is_ident(name), literal) {
                    found = Some(text.value());
                }
            }
            Ok(())
        });
    }
    found
}

fn serde_has(attributes: &[Attribute], name: &str) -> bool {
    let mut found = false;
    for attribute in attributes.iter().filter(|a| a.path().is_ident("serde")) {
        let _ = attribute.parse_nested_meta(|part| {
            found |= part.path.is_ident(name);
            if part.input.peek(syn::Token![=]) {
                let _: Lit = part.value()?.parse()?;
            }
            Ok(())
        });
    }
    found
}

/// Whether it is a list, and the name of the innermost type (through `Vec` and `Option`).
fn named(kind: &Type) -> (bool, String) {
    let Type::Path(path) = kind else {
        return (false, String::new());
    };
    let Some(last) = path.path.segments.last() else {
        return (false, String::new());
    };
    let name = last.ident.to_string();
    match (name.as_str(), argument(&last.arguments, 0)) {
        ("Vec", Some(inner)) => (true, named(inner).1),
        ("Option", Some(inner)) => named(inner),
        _ => (false, name),
    }
}

fn is_option(kind: &Type) -> bool {
    matches!(kind, Type::Path(path) if path.path.segments.last().is_some_and(|s| s.ident == "Option"))
}

/// The type of the entries, if it is a map by name.
fn entry(kind: &Type) -> Option<Type> {
    let Type::Path(path) = kind else { return None };
    let last = path.path.segments.last()?;
    let is_map = last.ident == "BTreeMap" || last.ident == "HashMap";
    is_map
        .then(|| argument(&last.arguments, 1).cloned())
        .flatten()
}

fn argument(arguments: &PathArguments, position: usize) -> Option<&Type> {
    let PathArguments::AngleBracketed(list) = arguments else {
        return None;
    };
    match list.args.iter().nth(position)? {
        GenericArgument::Type(kind) => Some(kind),
        _ => None,
    }
}

fn words(types: &Types, kind: &Type) -> String {
    let (listed, name) = named(kind);
    let one = match (types.get(&name), name.as_str()) {
        (Some(Known::Choice(choice)), _) => {
            let quoted: Vec<_> = choice.iter().map(|word| format!("`{word}`")).collect();
            quoted.join(", ")
        }
        (_, "Span") => "length of time".to_owned(),
        (_, "String") => "text".to_owned(),
        (_, "PathBuf") => "path".to_owned(),
        (_, "bool") => "`true` or `false`".to_owned(),
        (_, "f64" | "f32") => "number".to_owned(),
        (_, "u8" | "u16" | "u32" | "u64" | "usize" | "i32" | "i64") => "whole number".to_owned(),
        (_, other) => other.to_owned(),
    };
    if listed {
        format!("list of: {one}")
    } else {
        one
    }
}

fn styled(name: &str, style: Option<&str>) -> String {
    let parted = |mark: char| {
        let mut text = String::new();
        for (n, letter) in name.chars().enumerate() {
            if n > 0 && letter.is_uppercase() {
                text.push(mark);
            }
            text.extend(letter.to_lowercase());
        }
        text
    };
    match style {
        Some("lowercase") => name.to_lowercase(),
        Some("snake_case") => parted('_'),
        Some("kebab-case") => parted('-'),
        _ => name.to_owned(),
    }
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_in_docs_is_what_the_types_say_now() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/CONFIGURATION.md");
        let there = fs::read_to_string(path).unwrap();
        assert!(
            there == page(&sources().unwrap()).unwrap(),
            "docs/CONFIGURATION.md is stale; write it again: cargo run -p manual -- configuration > docs/CONFIGURATION.md"
        );
    }

    #[test]
    fn every_key_of_the_defaults_is_on_the_page() {
        let page = page(&sources().unwrap()).unwrap();
        let defaults = Table::try_from(Config::default()).unwrap();
        for (section, keys) in &defaults {
            let heading = |form: String| page.contains(&format!("\n## `{form}"));
            assert!(
                heading(format!("[{section}")) || heading(format!("[[{section}")),
                "no section {section}"
            );
            for key in keys.as_table().into_iter().flat_map(Table::keys) {
                let row = page.contains(&format!("\n| `{key}` |"));
                let own = page.contains(&format!("[{section}.{key}"));
                assert!(row || own, "[{section}] {key} is not on the page");
            }
        }
    }

    #[test]
    fn a_setting_without_words_would_be_seen() {
        let text = page(&sources().unwrap()).unwrap();
        let bare = text
            .lines()
            .filter(|line| line.starts_with("| `") && line.ends_with("|  |"));
        let of_alerts = |line: &&str| !line.contains("| `true`") && !line.contains("| true");
        assert_eq!(
            bare.filter(of_alerts).collect::<Vec<_>>(),
            Vec::<&str>::new()
        );
    }
}
