//! Windows over the panes.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Clear, Paragraph};
use xapi_client::Stranger;
use xapi_conf::management::{Ipv4, Ipv6, Management, netmask_of};

use super::rows::{Row, lines, wrapped};
use super::{framed, panes, window_of};
use crate::app::addressing::{Addressing, Part};
use crate::app::configure::{self, Configure};
use crate::app::form::{Choice, Form, Word};
use crate::app::job::{Progress, Work};
use crate::app::menu::{Item, Menu};
use crate::app::probing::{self, Answer, Probing};
use crate::app::reset::{self, Reset};
use crate::app::servers::{self, Servers};
use crate::app::{App, Dialogue};
use crate::look::{Look, Tone};

/// Columns of a window, where there are so many.
const WIDTH: u16 = 70;
/// Columns that labels of fields take.
const LABELS: usize = 16;

/// What a window shows: its lines, and where the cursor is in them.
struct Content {
    title: &'static str,
    lines: Vec<Line<'static>>,
    cursor: Option<(usize, usize)>,
    /// The line that has to be in sight.
    focus: usize,
    /// The first line that is shown, where people scroll by themselves.
    top: Option<usize>,
}

impl Content {
    fn of(title: &'static str, lines: Vec<Line<'static>>) -> Content {
        Content {
            title,
            lines,
            cursor: None,
            focus: 0,
            top: None,
        }
    }
}

/// Draws the window. The number of lines that there was no room for.
pub fn draw(
    frame: &mut Frame<'_>,
    app: &App,
    dialogue: &Dialogue,
    look: Look,
    area: Rect,
) -> usize {
    let width = WIDTH.min(area.width.saturating_sub(2));
    let content = content(app, dialogue, look, usize::from(width - 4));
    let most = area.height.saturating_sub(2).max(3);
    let wanted = u16::try_from(content.lines.len()).unwrap_or(u16::MAX);
    let inside = wanted.min(most.saturating_sub(2)).max(1);
    let window = Rect {
        x: area.x + (area.width - width) / 2,
        y: area.y + (area.height - (inside + 2)) / 2,
        width,
        height: inside + 2,
    };
    let height = usize::from(inside);
    let top = content
        .top
        .unwrap_or_else(|| (content.focus + 1).saturating_sub(height));
    let last = content.lines.len().saturating_sub(height);
    let top = top.min(last);
    let (shown, more) = window_of(content.lines, top, height);
    let block = framed(look, content.title);
    let block = if more {
        block.title_bottom(" more ")
    } else {
        block
    };
    frame.render_widget(Clear, window);
    frame.render_widget(block, window);
    let text = Rect {
        x: window.x + 2,
        y: window.y + 1,
        width: window.width - 4,
        height: inside,
    };
    frame.render_widget(Paragraph::new(shown), text);
    if let Some((line, column)) = content.cursor
        && (top..top + height).contains(&line)
    {
        let column = u16::try_from(column)
            .unwrap_or(u16::MAX)
            .min(text.width - 1);
        let line = u16::try_from(line - top).unwrap_or(0);
        frame.set_cursor_position(Position::new(text.x + column, text.y + line));
    }
    last
}

/// What the keys do now, for the foot of the screen.
pub fn keys(app: &App) -> String {
    const CHOOSE: &str = "<Up/Down> choose  <Enter> take  <Esc> back";
    const TYPE: &str = "<Enter> next  <Tab> other field  <Esc> back";
    let Some(dialogue) = &app.dialogue else {
        let back = if app.menu == Menu::Network {
            "  <Esc> back"
        } else {
            ""
        };
        return format!(
            "<Up/Down> choose  <Enter> open{back}  <PgUp/PgDn> scroll  <Ctrl-L> redraw"
        );
    };
    let addressing = |addressing: &Addressing| match addressing.part {
        Part::ModeV4 | Part::ModeV6 => CHOOSE,
        Part::V4 | Part::V6 | Part::Servers => TYPE,
    };
    let keys = match dialogue {
        Dialogue::Trust { .. } => "yes <Enter> believe it from now on  <Esc> back",
        Dialogue::LogIn { .. } | Dialogue::Hostname(_) => TYPE,
        Dialogue::Configure(configure) => match configure.stage {
            configure::Stage::Interface => CHOOSE,
            configure::Stage::Addresses => addressing(&configure.addressing),
            configure::Stage::Summary if configure.chosen().is_none() => {
                "yes <Enter> switch management off  <Esc> back"
            }
            configure::Stage::Summary => "<Enter> apply  <Esc> back",
        },
        Dialogue::Servers(servers) if servers.adding.is_some() => TYPE,
        Dialogue::Probing(probing) if probing.typing.is_some() => TYPE,
        Dialogue::Servers(_) | Dialogue::Probing(_) => CHOOSE,
        Dialogue::Nics(_) | Dialogue::Alerts(_) => "<Up/Down> <PgUp/PgDn> scroll  <Esc> back",
        Dialogue::Reset(None) => "<Esc> back",
        Dialogue::Reset(Some(reset)) => match reset.stage {
            reset::Stage::Device => CHOOSE,
            reset::Stage::Vlan | reset::Stage::Master => TYPE,
            reset::Stage::Addresses => addressing(&reset.addressing),
            reset::Stage::Summary => "yes <Enter> reset the network now  <Esc> back",
        },
        Dialogue::Work(work) if work.outcome.is_some() => "<Enter> close",
        Dialogue::Work(work) if work.seconds_left(app.now).is_some() => {
            "<C> confirm: keep it  <U> undo it now"
        }
        Dialogue::Work(work) if work.number.is_some() => "wait ...  <Esc> do not wait",
        Dialogue::Work(_) => "wait ...",
        Dialogue::Notice(_) => "<Enter> close",
    };
    keys.to_owned()
}

fn content(app: &App, dialogue: &Dialogue, look: Look, width: usize) -> Content {
    match dialogue {
        Dialogue::Trust {
            stranger, word, up, ..
        } => trust_content(stranger, word, *up, look, width),
        Dialogue::LogIn { form, asking, .. } => {
            let mut content = form_content(Item::LogIn.title(), &[], form, look, width);
            if *asking {
                content.lines.push(Line::default());
                content
                    .lines
                    .push(Line::raw("The daemon is being asked ..."));
                content.cursor = None;
            }
            content
        }
        Dialogue::Configure(configure) => configure_content(configure, look, width),
        Dialogue::Servers(servers) => servers_content(servers, look, width),
        Dialogue::Probing(probing) => probing_content(probing, look, width),
        Dialogue::Nics(top) => {
            let pifs = app.told.as_ref().map_or(&[][..], |told| &told.pifs);
            let rows = panes::nics_long(&app.kernel, pifs);
            scrolled(Item::Nics.title(), &rows, *top, look, width)
        }
        Dialogue::Alerts(top) => {
            let rows = panes::alerts_long(app);
            scrolled(Item::Alerts.title(), &rows, *top, look, width)
        }
        Dialogue::Hostname(form) => form_content(Item::Hostname.title(), &[], form, look, width),
        Dialogue::Reset(None) => {
            Content::of(reset::TITLE, vec![Line::raw("Looking at the host ...")])
        }
        Dialogue::Reset(Some(reset)) => reset_content(reset, look, width),
        Dialogue::Work(work) => work_content(app, work, look, width),
        Dialogue::Notice(text) => {
            let rows = [
                Row::text(text.as_str()),
                Row::Blank,
                Row::text("Press <Enter>."),
            ];
            Content::of("Please note", lines(&rows, width, look))
        }
    }
}

fn scrolled(title: &'static str, rows: &[Row], top: usize, look: Look, width: usize) -> Content {
    let mut content = Content::of(title, lines(rows, width, look));
    content.top = Some(top);
    content
}

fn form_content(
    title: &'static str,
    above: &[Row],
    form: &Form,
    look: Look,
    width: usize,
) -> Content {
    let mut shown = lines(above, width, look);
    let mut content = Content::of(title, Vec::new());
    let room = width.saturating_sub(LABELS + 1).max(4);
    for (at, entry) in form.entries.iter().enumerate() {
        let text = look.shown(&entry.input.shown());
        let cursor = entry.input.cursor();
        // A text that is longer than its field is shown around the cursor.
        let first = (cursor + 1).saturating_sub(room);
        let seen: String = text.chars().skip(first).take(room).collect();
        let here = at == form.at;
        let tone = if here { Tone::Chosen } else { Tone::Plain };
        let style = match here {
            true => look.style(tone),
            false => look
                .style(tone)
                .add_modifier(ratatui::style::Modifier::UNDERLINED),
        };
        if here {
            content.focus = shown.len();
            content.cursor = Some((shown.len(), LABELS + 1 + cursor - first));
        }
        shown.push(Line::from(vec![
            Span::raw(format!("{:<LABELS$} ", entry.label)),
            Span::styled(format!("{seen:<room$}"), style),
        ]));
        if here && !entry.hint.is_empty() {
            let hint = format!("{:LABELS$} ({})", "", entry.hint);
            shown.push(Line::styled(hint, look.style(Tone::Faint)));
        }
    }
    if let Some(complaint) = &form.complaint {
        shown.push(Line::default());
        let parts = wrapped(&look.shown(complaint), width);
        shown.extend(
            parts
                .into_iter()
                .map(|part| Line::styled(part, look.style(Tone::Bad))),
        );
    }
    content.lines = shown;
    content
}

fn choice_content(
    title: &'static str,
    above: &[Row],
    choice: &Choice,
    look: Look,
    width: usize,
) -> Content {
    let mut shown = lines(above, width, look);
    let focus = shown.len() + choice.at;
    if choice.items.is_empty() {
        shown.push(Line::styled("none are seen", look.style(Tone::Warn)));
    }
    for (at, item) in choice.items.iter().enumerate() {
        let tone = if at == choice.at {
            Tone::Chosen
        } else {
            Tone::Plain
        };
        // The mark is for who sees no colours: logs, and readers of the screen.
        let mark = if at == choice.at { '>' } else { ' ' };
        let text = format!("{mark} {}", look.shown(item));
        let text: String = text.chars().take(width).collect();
        shown.push(Line::styled(format!("{text:<width$}"), look.style(tone)));
    }
    Content {
        focus,
        ..Content::of(title, shown)
    }
}

fn addressing_content(
    title: &'static str,
    on: &str,
    addressing: &Addressing,
    look: Look,
    width: usize,
) -> Content {
    let above = |question: &str| [Row::pair("Interface", on), Row::text(question), Row::Blank];
    let mut content = match addressing.part {
        Part::ModeV4 => {
            let above = above("How does it get its address of IPv4?");
            choice_content(title, &above, &addressing.mode_v4, look, width)
        }
        Part::V4 => form_content(
            title,
            &above("The static address of IPv4"),
            &addressing.v4,
            look,
            width,
        ),
        Part::ModeV6 => {
            let above = above("How does it get its address of IPv6?");
            choice_content(title, &above, &addressing.mode_v6, look, width)
        }
        Part::V6 => form_content(
            title,
            &above("The static address of IPv6"),
            &addressing.v6,
            look,
            width,
        ),
        Part::Servers => form_content(
            title,
            &above("Name servers"),
            &addressing.servers,
            look,
            width,
        ),
    };
    if let Some(complaint) = &addressing.complaint {
        content.lines.push(Line::default());
        let parts = wrapped(&look.shown(complaint), width);
        let bad = look.style(Tone::Bad);
        content
            .lines
            .extend(parts.into_iter().map(|part| Line::styled(part, bad)));
    }
    content
}

/// What is wanted of management, a row for each thing.
fn wanted_rows(wanted: &Management) -> Vec<Row> {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let mut rows = Vec::new();
    match &wanted.ipv4 {
        None => rows.push(Row::pair("IPv4", "none")),
        Some(Ipv4::Dhcp) => rows.push(Row::pair("IPv4", "DHCP")),
        Some(Ipv4::Static {
            address,
            prefix,
            gateway,
        }) => {
            rows.push(Row::pair("IPv4", format!("static {address}")));
            rows.push(Row::pair("Netmask", netmask_of(*prefix).to_string()));
            rows.push(Row::pair(
                "Gateway",
                or_none(gateway.map(|gateway| gateway.to_string())),
            ));
        }
    }
    match &wanted.ipv6 {
        None => rows.push(Row::pair("IPv6", "none")),
        Some(Ipv6::Dhcp) => rows.push(Row::pair("IPv6", "DHCP")),
        Some(Ipv6::Autoconf) => rows.push(Row::pair("IPv6", "autoconf")),
        Some(Ipv6::Static {
            address,
            prefix,
            gateway,
        }) => {
            rows.push(Row::pair("IPv6", format!("static {address}/{prefix}")));
            rows.push(Row::pair(
                "IPv6 gateway",
                or_none(gateway.map(|gateway| gateway.to_string())),
            ));
        }
    }
    if !wanted.dns.is_empty() {
        let servers: Vec<String> = wanted.dns.iter().map(ToString::to_string).collect();
        rows.push(Row::pair("Name servers", servers.join(", ")));
    }
    rows
}

fn configure_content(dialogue: &Configure, look: Look, width: usize) -> Content {
    let on = dialogue
        .chosen()
        .map_or("none".to_owned(), crate::seen::Pif::name);
    match dialogue.stage {
        configure::Stage::Interface => {
            let above = [
                Row::text("Which interface shall carry management?"),
                Row::Blank,
            ];
            choice_content(configure::TITLE, &above, &dialogue.interface, look, width)
        }
        configure::Stage::Addresses => {
            addressing_content(configure::TITLE, &on, &dialogue.addressing, look, width)
        }
        configure::Stage::Summary => {
            let mut rows = vec![Row::pair("Interface", on)];
            match dialogue.wanted() {
                Some(Ok(wanted)) => rows.extend(wanted_rows(&wanted)),
                Some(Err(misfits)) => rows.extend(
                    misfits
                        .iter()
                        .map(|misfit| Row::Text(misfit.to_string(), Tone::Bad)),
                ),
                None => rows.push(Row::Text(
                    "Nobody reaches this host over the network any more. Guests go on, and so does this console."
                        .to_owned(),
                    Tone::Warn,
                )),
            }
            rows.push(Row::Blank);
            if let Some(before) = dialogue.before() {
                let mark = if dialogue.gives_up { "x" } else { " " };
                let name = before.name();
                rows.push(Row::text(format!(
                    "[{mark}] {name} gives up its addresses   <A> changes this"
                )));
            }
            if dialogue.chosen().is_some() {
                let seconds = dialogue.confirm_within;
                rows.push(Row::text(format!(
                    "A change of the way to this host is undone after {seconds} s, unless it is confirmed   <+> <-> change this"
                )));
                rows.push(Row::Blank);
            }
            let mut cursor = None;
            let mut shown = lines(&rows, width, look);
            match dialogue.wanted() {
                None => {
                    let word = &dialogue.word;
                    cursor = Some(with_word(&mut shown, "to switch it off", word, width, look));
                }
                Some(Ok(_)) => shown.push(Line::raw("Press <Enter> to apply.")),
                Some(Err(_)) => shown.push(Line::raw(
                    "This cannot be applied. Press <Esc> to change it.",
                )),
            }
            Content {
                focus: shown.len().saturating_sub(1 + dialogue.up),
                cursor,
                ..Content::of(configure::TITLE, shown)
            }
        }
    }
}

fn trust_content(stranger: &Stranger, word: &Word, up: usize, look: Look, width: usize) -> Content {
    let mut rows = vec![
        Row::text(format!(
            "The certificate of {} is not known here. If it is its own, the host itself shows this fingerprint (openssl x509 \
             -noout -fingerprint -sha256 -in /etc/xensource/xapi-ssl.pem); if not, somebody listens in.",
            stranger.at
        )),
        Row::Blank,
    ];
    let octets: Vec<&str> = stranger.fingerprint.split(':').collect();
    // Next to the word, so that nobody gives it without this in sight.
    let groups = octets.chunks(8);
    rows.extend(groups.map(|group| Row::Line(format!("  {}", group.join(":")), Tone::Title)));
    rows.push(Row::Blank);
    let mut shown = lines(&rows, width, look);
    let cursor = with_word(&mut shown, "to remember it", word, width, look);
    Content {
        focus: shown.len().saturating_sub(1 + up),
        cursor: Some(cursor),
        ..Content::of("An unknown server", shown)
    }
}

fn servers_content(servers: &Servers, look: Look, width: usize) -> Content {
    let above = [Row::pair("Interface", servers.pif.name()), Row::Blank];
    match &servers.adding {
        Some(form) => form_content(servers::TITLE, &above, form, look, width),
        None => choice_content(servers::TITLE, &above, &servers.list, look, width),
    }
}

fn probing_content(probing: &Probing, look: Look, width: usize) -> Content {
    if let Some(form) = &probing.typing {
        return form_content(probing::TITLE, &[], form, look, width);
    }
    let mut content = choice_content(probing::TITLE, &[], &probing.list, look, width);
    let mut rows = vec![Row::Blank];
    for (target, answer) in &probing.asked {
        let tone = match answer {
            Answer::Waiting => Tone::Plain,
            Answer::Came(..) => Tone::Good,
            Answer::None(_) => Tone::Bad,
        };
        let whence = match answer {
            Answer::Came(address, _) if !target.to_string().ends_with(&address.to_string()) => {
                format!(" ({address})")
            }
            _ => String::new(),
        };
        rows.push(Row::Text(format!("{target}{whence}: {answer}"), tone));
    }
    if probing.asked.is_empty() && probing.is_of_nobody() {
        rows.push(Row::Text("This host knows none.".to_owned(), Tone::Warn));
    }
    content.lines.extend(lines(&rows, width, look));
    content
}

fn reset_content(dialogue: &Reset, look: Look, width: usize) -> Content {
    let nic = dialogue.basis.nics.get(dialogue.device.at);
    let nic = nic.map_or("none", |(name, _)| name.as_str());
    let tag = dialogue.vlan.text(0);
    let on = match tag {
        "" | "0" => nic.to_owned(),
        tag => format!("{nic}, VLAN {tag}"),
    };
    match dialogue.stage {
        reset::Stage::Device => {
            let mut above = vec![Row::text(
                "Which NIC shall carry management after the reset?",
            )];
            let remarks = dialogue.basis.remarks.iter();
            above.extend(remarks.map(|remark| Row::Text(remark.clone(), Tone::Warn)));
            above.push(Row::Blank);
            choice_content(reset::TITLE, &above, &dialogue.device, look, width)
        }
        reset::Stage::Vlan => {
            let above = [
                Row::pair("NIC", nic),
                Row::text("Is management on a VLAN of it? Leave this empty if it is not."),
                Row::Blank,
            ];
            form_content(reset::TITLE, &above, &dialogue.vlan, look, width)
        }
        reset::Stage::Addresses => {
            addressing_content(reset::TITLE, &on, &dialogue.addressing, look, width)
        }
        reset::Stage::Master => {
            let above = [
                Row::text("This host is a slave. At which address is the master of its pool?"),
                Row::Blank,
            ];
            form_content(reset::TITLE, &above, &dialogue.master, look, width)
        }
        reset::Stage::Summary => reset_summary(dialogue, &on, look, width),
    }
}

fn reset_summary(dialogue: &Reset, on: &str, look: Look, width: usize) -> Content {
    let mut rows = vec![Row::pair("Management", on)];
    if let Some(asked) = dialogue.asked() {
        rows.extend(wanted_rows(&asked.management));
        rows.extend(asked.master.map(|master| Row::pair("Master", master)));
    }
    rows.push(Row::Blank);
    let keep = dialogue.keep;
    for (key, on, words) in [
        (
            "B",
            keep.bonds,
            "keep bonds that have nothing to do with it",
        ),
        (
            "V",
            keep.vlans,
            "keep VLANs that have nothing to do with it",
        ),
    ] {
        let mark = if on { "x" } else { " " };
        rows.push(Row::text(format!("<{key}> [{mark}] {words}")));
    }
    let (end, tone) = match dialogue.reboot {
        true => (
            "<R> THE HOST RESTARTS, and its virtual machines stop",
            Tone::Bad,
        ),
        false => ("<R> the daemon restarts; the host does not", Tone::Plain),
    };
    rows.push(Row::Text(end.to_owned(), tone));
    rows.push(Row::Blank);
    let mut shown = lines(&rows, width, look);
    let cursor = with_word(
        &mut shown,
        "to reset the network now",
        &dialogue.word,
        width,
        look,
    );
    // What matters most is at the end, next to the word.
    Content {
        focus: shown.len().saturating_sub(1 + dialogue.up),
        cursor: Some(cursor),
        ..Content::of(reset::TITLE, shown)
    }
}

/// Adds the line that a word is typed into; where its cursor is.
fn with_word(
    shown: &mut Vec<Line<'static>>,
    to: &str,
    word: &Word,
    width: usize,
    look: Look,
) -> (usize, usize) {
    let wanted = Word::WANTED;
    let before = format!("Type {wanted} and <Enter> {to}: ");
    let text = format!("{before}{}", word.typed());
    shown.extend(lines(&[Row::text(text.as_str())], width, look));
    let column = text.len().min(width.saturating_sub(1));
    (shown.len().saturating_sub(1), column)
}

fn work_content(app: &App, work: &Work, look: Look, width: usize) -> Content {
    let mut rows = Vec::new();
    let mut focus = 0;
    for (at, (says, progress)) in work.steps.iter().enumerate() {
        let (mark, tone) = match progress {
            Progress::Waiting => ("--", Tone::Faint),
            Progress::Doing => ("...", Tone::Plain),
            Progress::Done => ("ok", Tone::Good),
            Progress::Failed(_) => ("!!", Tone::Bad),
        };
        if *progress != Progress::Waiting {
            focus = at;
        }
        rows.push(Row::Item(mark, says.clone(), tone));
        if let Progress::Failed(why) = progress {
            rows.push(Row::Item("", why.clone(), Tone::Bad));
        }
    }
    rows.extend(
        work.notes
            .iter()
            .map(|note| Row::Text(note.clone(), Tone::Warn)),
    );
    if let Some(seconds) = work.seconds_left(app.now) {
        rows.push(Row::Blank);
        rows.push(Row::Text(
            format!("The change is in force. It is undone in {seconds} s, unless it is confirmed."),
            Tone::Warn,
        ));
        rows.push(Row::text(
            "Press <C> to keep it, <U> or <Esc> to undo it now.",
        ));
    } else if work.said && work.outcome.is_none() {
        rows.push(Row::Blank);
        rows.push(Row::text(match work.taken {
            true => "The daemon has been told.",
            false => "The daemon is being told ...",
        }));
    }
    if let Some(outcome) = &work.outcome {
        rows.push(Row::Blank);
        let (text, tone) = match outcome {
            Ok(text) => (text, Tone::Good),
            Err(why) => (why, Tone::Bad),
        };
        rows.push(Row::Text(text.clone(), tone));
        rows.push(Row::text("Press <Enter>."));
    }
    let shown = lines(&rows, width, look);
    // While it goes on the step is in sight, in the end the end is.
    let end = work.outcome.is_some() || work.confirm_until.is_some();
    let focus = if end {
        shown.len().saturating_sub(1)
    } else {
        focus
    };
    Content {
        focus,
        ..Content::of(work.title, shown)
    }
}
