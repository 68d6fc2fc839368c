//! The steps of a change of the network as people read them when something is wrong: what is done to what, what it
//! concerns, what is there before and after, and what takes it back.
//!
//! A server that does not know steps as data tells texts, and so does one whose steps are none of a host's network: those
//! are shown as they are.

use serde_json::Value as Json;

use crate::print::Printer;

/// Shows steps, each an object or a text.
pub fn show(printer: &mut Printer<'_>, steps: Vec<Json>) {
    if printer.is_json() {
        printer.value(Json::Array(steps));
        return;
    }
    let minimal = printer.is_minimal();
    let mut lines = Vec::new();
    let mut heading = None;
    for (at, step) in steps.iter().enumerate() {
        let Some(read) = Read::of(step) else {
            lines.push(step.as_str().unwrap_or_default().to_owned());
            continue;
        };
        if minimal {
            lines.push(read.title());
            continue;
        }
        let above = (read.text("host"), read.text("phase"));
        if heading != Some(above) {
            lines.push(read.heading());
            heading = Some(above);
        }
        lines.push(format!("{:>4}. {}", at + 1, read.title()));
        lines.extend(
            read.details()
                .map(|(name, text)| format!("      {name:<9}{text}")),
        );
    }
    printer.list(&lines);
}

/// Reads the steps that an error tells, of which each may be the text of an object.
pub fn told(params: &[String]) -> Vec<Json> {
    let one = |param: &String| {
        let read = serde_json::from_str::<Json>(param).ok();
        let read = read.filter(|step| Read::of(step).is_some());
        read.unwrap_or_else(|| param.as_str().into())
    };
    params.iter().map(one).collect()
}

/// A step that is an object.
struct Read<'j>(&'j Json);

impl<'j> Read<'j> {
    fn of(step: &'j Json) -> Option<Read<'j>> {
        step["operation"].as_str().map(|_| Read(step))
    }

    fn text(&self, key: &str) -> &'j str {
        self.0[key].as_str().unwrap_or_default()
    }

    fn heading(&self) -> String {
        let phase = match self.text("phase") {
            "guests" => "guests (they are asked first)",
            "prepare" => "prepare (beside what is there)",
            "switch" => "switch (from the old to the new)",
            "retire" => "retire (what is left over)",
            other => other,
        };
        match self.text("host") {
            "" => format!("{phase}:"),
            host => format!("{host}, {phase}:"),
        }
    }

    fn object(&self) -> String {
        let of = &self.0["object"];
        let mut text = of["kind"].as_str().unwrap_or_default().to_owned();
        if let Some(name) = of["name"].as_str().filter(|name| !name.is_empty()) {
            text += &format!(" {name}");
        }
        if let Some(on) = of["on"].as_str() {
            text += &format!(" on {on}");
        }
        text
    }

    fn title(&self) -> String {
        format!("{} {}", self.text("operation"), self.object())
    }

    fn details(&self) -> impl Iterator<Item = (&'static str, String)> {
        let present = |text: &Json| {
            let text = text.as_str().filter(|text| !text.is_empty());
            text.map(str::to_owned)
        };
        let touches = self.0["touches"].as_array().into_iter().flatten();
        let touches: Vec<_> = touches.filter_map(Json::as_str).collect();
        let undo = &self.0["undo"];
        let back = undo["operation"].as_str().unwrap_or_default();
        let back = match present(&undo["after"]) {
            Some(text) if back == "change" => format!("change it back to: {text}"),
            Some(text) => format!("{back} it again: {text}"),
            None => format!("{back} it"),
        };
        let details = [
            ("touches", present(&touches.join(", ").into())),
            ("now", present(&self.0["before"])),
            ("then", present(&self.0["after"])),
            ("undo", Some(back)),
        ];
        let details = details.into_iter();
        details.filter_map(|(name, text)| Some((name, text?)))
    }
}
