//! The settings as text: for the README, for `.env.example` and for a terminal.

use std::fmt::Write;

use service::settings::{Preset, Setting, Values};

use super::table::GROUPS;

/// The header of `.env.example`.
const EXAMPLE_HEAD: &str = "\
# Settings of Teamnotes. Copy this file to .env and remove the # from what you set.
# Environment variables take precedence; an empty value counts as unset.
# `teamnotes settings --format env` prints this file.
";

/// The README's table, in Markdown.
pub(crate) fn markdown() -> String {
    let mut text =
        String::from("| setting | default | values | meaning |\n| --- | --- | --- | --- |\n");
    for setting in all() {
        let variant = if setting.has_file_variant { ", `…_FILE`" } else { "" };
        let default = match setting.default {
            Preset::Value(value) => format!("`{value}`"),
            Preset::Described(described) => described.into(),
            Preset::None => "none".into(),
        };
        let (name, values) = (setting.name, values(setting));
        put(
            &mut text,
            format_args!("| `{name}`{variant} | {default} | {values} | {} |\n", setting.meaning),
        );
    }
    text
}

/// `.env.example`: every setting, commented out, at its default.
pub(crate) fn example() -> String {
    let mut text = String::from(EXAMPLE_HEAD);
    for group in GROUPS {
        put(&mut text, format_args!("\n# {}\n", group.title));
        for setting in group.settings {
            let default = match setting.default {
                Preset::Value(value) => value,
                Preset::None | Preset::Described(_) => "",
            };
            let (meaning, values) = (plain(setting.meaning), plain(&values(setting)));
            put(
                &mut text,
                format_args!("\n# {meaning}\n# {values}\n#{}={default}\n", setting.name),
            );
            if let Some(variant) = setting.file_variant() {
                put(&mut text, format_args!("# or a file that holds it\n#{variant}=\n"));
            }
        }
    }
    text
}

/// The output of `teamnotes settings`.
pub(crate) fn text() -> String {
    let mut text = String::new();
    for group in GROUPS {
        put(&mut text, format_args!("{}\n", group.title));
        for setting in group.settings {
            let variant =
                setting.file_variant().map(|name| format!(", {name}")).unwrap_or_default();
            let default = match setting.default {
                Preset::Value(value) => value,
                Preset::Described(described) => described,
                Preset::None => "none",
            };
            put(
                &mut text,
                format_args!("  {}{variant} [default: {}]\n", setting.name, plain(default)),
            );
            let (meaning, values) = (plain(setting.meaning), plain(&values(setting)));
            put(&mut text, format_args!("      {meaning}\n      values: {values}\n"));
        }
    }
    text
}

/// All settings, in the order of their groups.
pub(crate) fn all() -> impl Iterator<Item = &'static Setting> {
    GROUPS.iter().flat_map(|group| group.settings)
}

fn values(setting: &Setting) -> String {
    match setting.values {
        Values::Number { min, max } => format!("{min} to {max}"),
        Values::Words(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            words.join(" or ")
        }
        Values::Text(text) => text.into(),
    }
}

/// The text without Markdown's markup.
fn plain(markdown: &str) -> String {
    markdown.replace('`', "")
}

fn put(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a string never fails.
    let _ = text.write_fmt(arguments);
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../../../README.md");
    const EXAMPLE: &str = include_str!("../../../../.env.example");

    #[test]
    fn the_readme_has_the_table() {
        let table = markdown();
        assert!(README.contains(&table), "run `teamnotes settings --format markdown`:\n{table}");
        for line in table.lines() {
            assert!(line.chars().count() < 160, "too long: {line}");
        }
    }

    #[test]
    fn the_example_file_is_generated_from_the_table() {
        assert!(EXAMPLE == example(), "run `teamnotes settings --format env > .env.example`");
    }

    #[test]
    fn each_setting_is_listed_once_with_its_meaning() {
        let text = text();
        for setting in all() {
            let head = format!("  {}", setting.name);
            let heads = text.lines().filter(|line| {
                line.strip_prefix(&head).is_some_and(|rest| rest.starts_with([',', ' ']))
            });
            assert_eq!(heads.count(), 1, "{}", setting.name);
            assert!(text.contains(&plain(setting.meaning)), "{}", setting.name);
        }
    }
}
