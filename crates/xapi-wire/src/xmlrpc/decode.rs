//! XML to values: a pull decoder that never looks back, over quick-xml's events.

use std::borrow::Cow;
use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, Event};
use xapi_model::text::{is_xml_char, is_xml_text};
use xapi_model::{ApiError, DateTime, Type, Value};

use crate::limits::Budget;
use crate::{DecodeError, Limits, Reply, Request};

type Result<T> = std::result::Result<T, DecodeError>;

/// Reads a call.
pub fn decode_request(body: &[u8], limits: &Limits) -> Result<Request> {
    let mut decoder = Decoder::new(body, limits)?;
    let request = decoder.request().map_err(|error| decoder.judge(error))?;
    Ok(request)
}

/// Reads an answer.
pub fn decode_reply(body: &[u8], limits: &Limits) -> Result<Reply> {
    let mut decoder = Decoder::new(body, limits)?;
    decoder.expect("methodResponse")?;
    match decoder.start()? {
        Some("params") => {
            decoder.expect("param")?;
            let value = decoder.expect_value(0)?;
            decoder.close()?;
            decoder.close()?;
            decoder.finish()?;
            envelope(value)
        }
        Some("fault") => {
            let value = decoder.expect_value(0)?;
            let code = value.member("faultCode").and_then(Value::as_int);
            let text = value.member("faultString").and_then(Value::as_str);
            Ok(Reply::Fault {
                code: code.unwrap_or(0),
                text: text.unwrap_or_default().to_owned(),
            })
        }
        _ => Err(decoder.malformed("params or fault is missing")),
    }
}

/// Reads a value alone: `<value>…</value>`, as a task keeps its result.
pub fn decode_value(body: &[u8], limits: &Limits) -> Result<Value> {
    let mut decoder = Decoder::new(body, limits)?;
    let value = decoder.expect_value(0)?;
    decoder.eof()?;
    Ok(value)
}

/// Takes XenAPI's envelope off.
fn envelope(value: Value) -> Result<Reply> {
    let Value::Struct(mut members) = value else {
        return Ok(Reply::Bare(value));
    };
    let mut take = |name: &str| {
        let at = members.iter().position(|(key, _)| key == name)?;
        Some(members.swap_remove(at).1)
    };
    let wrong = |what| DecodeError::Malformed { what, at: 0 };
    match take("Status").as_ref().and_then(Value::as_str) {
        Some("Success") => match take("Value") {
            Some(value) => Ok(Reply::Success(value)),
            None => Err(wrong("an answer of success without a value")),
        },
        Some("Failure") => {
            let Some(Value::Array(description)) = take("ErrorDescription") else {
                return Err(wrong("an answer of failure without an error"));
            };
            let mut texts = description.into_iter().map(|text| match text {
                Value::Str(text) => Ok(text),
                _ => Err(wrong("an error that is no list of strings")),
            });
            let code = texts
                .next()
                .unwrap_or(Err(wrong("an error without a code")))?;
            Ok(Reply::Failure(ApiError::new(
                code,
                texts.collect::<Result<_>>()?,
            )))
        }
        _ => Err(wrong("an answer without a status")),
    }
}

struct Decoder<'a> {
    reader: Reader<&'a [u8]>,
    budget: Budget<'a>,
    /// Whether the name of the method has begun: from here on a wrong character is a wrong value, before it is no call at
    /// all.
    in_values: bool,
}

impl<'a> Decoder<'a> {
    fn new(body: &'a [u8], limits: &'a Limits) -> Result<Decoder<'a>> {
        let budget = Budget::start(limits, body)?;
        let mut reader = Reader::from_reader(body);
        reader.config_mut().expand_empty_elements = true;
        Ok(Decoder {
            reader,
            budget,
            in_values: false,
        })
    }

    fn malformed(&self, what: &'static str) -> DecodeError {
        DecodeError::Malformed {
            what,
            at: self.reader.buffer_position(),
        }
    }

    fn characters(&self) -> DecodeError {
        DecodeError::Characters {
            at: self.reader.buffer_position(),
        }
    }

    fn judge(&self, error: DecodeError) -> DecodeError {
        match error {
            DecodeError::Characters { .. } if !self.in_values => self.malformed("not XML text"),
            error => error,
        }
    }

    fn request(&mut self) -> Result<Request> {
        self.expect("methodCall")?;
        self.expect("methodName")?;
        self.in_values = true;
        let method = self.text()?.trim_ascii().to_owned();
        if method.is_empty() {
            return Err(self.malformed("the name of the method is empty"));
        }
        self.budget.method(&method)?;
        self.expect("params")?;
        let mut params = Vec::new();
        while let Some(tag) = self.start()? {
            if tag != "param" {
                return Err(self.malformed("param expected"));
            }
            self.budget.params(params.len() + 1)?;
            params.push(self.expect_value(0)?);
            self.close()?;
        }
        self.finish()?;
        Ok(Request { method, params })
    }

    /// The next event that means something, or None for what stands between tags without meaning.
    fn next(&mut self) -> Result<Event<'a>> {
        loop {
            match self.reader.read_event() {
                Ok(Event::Comment(_) | Event::PI(_)) => {}
                Ok(Event::Decl(declaration)) => match declaration.encoding() {
                    None => {}
                    Some(Ok(name))
                        if ["utf-8", "utf8", "us-ascii"]
                            .iter()
                            .any(|known| name.eq_ignore_ascii_case(known)) => {}
                    Some(_) => return Err(self.malformed("an encoding other than UTF-8")),
                },
                Ok(Event::DocType(_)) => return Err(DecodeError::Doctype),
                Ok(event) => return Ok(event),
                Err(quick_xml::Error::Encoding(_)) => return Err(self.characters()),
                Err(_) => return Err(self.malformed("not well-formed XML")),
            }
        }
    }

    /// The next start tag; None when the element that we are in ends instead.
    fn start(&mut self) -> Result<Option<&'a str>> {
        loop {
            match self.next()? {
                Event::Start(tag) => return Ok(Some(known(tag.name().as_ref()))),
                Event::End(_) => return Ok(None),
                Event::Text(text) if is_blank(&text) => {}
                Event::Eof => return Err(self.malformed("the document ends too early")),
                _ => return Err(self.malformed("text between tags")),
            }
        }
    }

    fn expect(&mut self, tag: &'static str) -> Result<()> {
        if self.start()? == Some(tag) {
            Ok(())
        } else {
            Err(self.malformed(match tag {
                "methodCall" => "methodCall expected",
                "methodResponse" => "methodResponse expected",
                "methodName" => "methodName expected",
                "params" => "params expected",
                "param" => "param expected",
                "data" => "data expected",
                "name" => "name expected",
                _ => "value expected",
            }))
        }
    }

    /// The end of the element that we are in.
    fn close(&mut self) -> Result<()> {
        match self.start()? {
            None => Ok(()),
            Some(_) => Err(self.malformed("an element too many")),
        }
    }

    /// The end of the outermost element, and nothing after it.
    fn finish(&mut self) -> Result<()> {
        self.close()?;
        self.eof()
    }

    fn eof(&mut self) -> Result<()> {
        loop {
            match self.next()? {
                Event::Eof => return Ok(()),
                Event::Text(text) if is_blank(&text) => {}
                _ => return Err(self.malformed("something after the document")),
            }
        }
    }

    fn expect_value(&mut self, depth: usize) -> Result<Value> {
        self.expect("value")?;
        self.value(depth)
    }

    /// What is inside `<value>`, which has been read, up to and with its end.
    fn value(&mut self, depth: usize) -> Result<Value> {
        self.budget.item()?;
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Event::Start(tag) => {
                    if !is_blank(&text) {
                        return Err(self.malformed("text beside an element in a value"));
                    }
                    let value = self.typed(known(tag.name().as_ref()), depth)?;
                    self.close()?;
                    return Ok(value);
                }
                Event::End(_) => return Ok(Value::Str(text.into_owned())),
                event => self.gather(&mut text, event)?,
            }
        }
    }

    /// What is inside the element of a type, which has been read, up to and with its end.
    fn typed(&mut self, tag: &str, depth: usize) -> Result<Value> {
        match tag {
            "string" => self.text().map(|text| Value::Str(text.into_owned())),
            "int" | "i4" | "i8" => {
                let text = self.text()?;
                let text = text.trim_ascii();
                if let Ok(n) = text.parse() {
                    return Ok(Value::Int(n));
                }
                // Hexadecimal and the like, which OCaml reads.
                Type::Int
                    .accept(Value::Str(text.to_owned()))
                    .map_err(|_| self.malformed("an integer expected"))
            }
            // Whatever is not 1 is false: XAPI reads it so, and a client that sends `true` sees it at once.
            "boolean" => match self.text()?.trim_ascii() {
                "" => Err(self.malformed("an empty boolean")),
                text => Ok(Value::Bool(text == "1")),
            },
            "double" => match self.text()?.trim_ascii().parse() {
                Ok(x) => Ok(Value::Float(x)),
                Err(_) => Err(self.malformed("a number expected")),
            },
            "dateTime.iso8601" => {
                let text = self.text()?;
                match text.trim_ascii() {
                    "" => Err(self.malformed("an empty date")),
                    // What is no date stays text: the parameter's type refuses it, with an error of the API.
                    text => Ok(DateTime::parse(text)
                        .map_or_else(|| Value::Str(text.to_owned()), Value::Time)),
                }
            }
            "nil" => match self.text()?.as_ref() {
                "" => Ok(Value::Nil),
                _ => Err(self.malformed("text in a nil")),
            },
            "array" => self.array(depth + 1),
            "struct" => self.members(depth + 1),
            "base64" => Err(self.malformed("base64 is of no type that XenAPI has")),
            _ => Err(self.malformed("a type that XML-RPC does not have")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value> {
        self.budget.level(depth)?;
        let mut items = Vec::new();
        match self.start()? {
            None => return Ok(Value::Array(items)),
            Some("data") => {}
            Some(_) => return Err(self.malformed("data expected")),
        }
        while let Some(tag) = self.start()? {
            if tag != "value" {
                return Err(self.malformed("value expected"));
            }
            items.push(self.value(depth)?);
        }
        self.close()?;
        Ok(Value::Array(items))
    }

    fn members(&mut self, depth: usize) -> Result<Value> {
        self.budget.level(depth)?;
        let mut members = Vec::new();
        while let Some(tag) = self.start()? {
            if tag != "member" {
                return Err(self.malformed("member expected"));
            }
            self.expect("name")?;
            let name = self.text()?.into_owned();
            let value = self.expect_value(depth)?;
            self.close()?;
            members.push((name, value));
        }
        if repeats(&members) {
            return Err(self.malformed("a member twice in a struct"));
        }
        Ok(Value::Struct(members))
    }

    /// The text of the element that we are in, up to and with its end.
    fn text(&mut self) -> Result<Cow<'a, str>> {
        let mut text = Cow::Borrowed("");
        loop {
            match self.next()? {
                Event::End(_) => return Ok(text),
                Event::Start(_) => return Err(self.malformed("an element inside text")),
                event => self.gather(&mut text, event)?,
            }
        }
    }

    /// Adds character data to a text.
    fn gather(&mut self, text: &mut Cow<'a, str>, event: Event<'a>) -> Result<()> {
        let more = match event {
            Event::Text(more) => more.xml10_content(),
            Event::CData(more) => more.xml10_content(),
            Event::GeneralRef(name) => self.referred(&name)?,
            _ => return Err(self.malformed("the document ends too early")),
        };
        self.budget.text(text.len() + more.len())?;
        if !is_xml_text(&more) {
            return Err(self.characters());
        }
        if text.is_empty() {
            *text = more;
        } else {
            text.to_mut().push_str(&more);
        }
        Ok(())
    }

    fn referred(&self, name: &BytesRef<'a>) -> Result<Cow<'a, str>> {
        let text = match &**name {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ if name.is_char_ref() => {
                // A reference to no character at all, such as half of a surrogate pair, is a wrong character too.
                return match name.resolve_char_ref() {
                    Ok(Some(c)) if is_xml_char(c) => Ok(Cow::Owned(c.to_string())),
                    _ => Err(self.characters()),
                };
            }
            _ => return Err(self.malformed("an entity that XML does not have")),
        };
        Ok(Cow::Borrowed(text))
    }
}

/// The element names of XML-RPC, so that a name outlives its event; any other name is the empty one.
fn known(name: &str) -> &'static str {
    match name {
        "value" => "value",
        "member" => "member",
        "name" => "name",
        "string" => "string",
        "boolean" => "boolean",
        "int" => "int",
        "i4" => "i4",
        "i8" => "i8",
        "double" => "double",
        "dateTime.iso8601" => "dateTime.iso8601",
        "array" => "array",
        "data" => "data",
        "struct" => "struct",
        "nil" => "nil",
        "base64" => "base64",
        "param" => "param",
        "params" => "params",
        "methodCall" => "methodCall",
        "methodName" => "methodName",
        "methodResponse" => "methodResponse",
        "fault" => "fault",
        _ => "",
    }
}

/// Whether a text between tags is only there for the eye.
fn is_blank(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'))
}

/// Whether two members have the same name: one reader would take the first, another the last.
pub fn repeats(members: &[(String, Value)]) -> bool {
    if members.len() <= 8 {
        return members
            .iter()
            .enumerate()
            .any(|(at, (name, _))| members[..at].iter().any(|(other, _)| other == name));
    }
    let mut seen = HashSet::with_capacity(members.len());
    !members.iter().all(|(name, _)| seen.insert(name.as_str()))
}
