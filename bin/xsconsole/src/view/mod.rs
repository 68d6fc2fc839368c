//! From the state to a frame. Nothing here changes anything.

pub mod panes;
pub mod rows;
mod windows;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use crate::app::menu::Item;
use crate::app::{App, User};
use crate::look::{Look, Tone};
use crate::seen::Line as Daemon;

/// Below this nothing makes sense.
pub const LEAST: (u16, u16) = (40, 14);
/// From this width on there are two panes beside one another.
const WIDE: u16 = 76;
/// Columns of the menu there.
const MENU: u16 = 36;

/// How far what was drawn can be scrolled: lines that there was no room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beyond {
    /// In the pane.
    pub pane: usize,
    /// In the window over it.
    pub window: usize,
}

/// Draws the console.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: Look) -> Beyond {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let (width, height) = (area.width, area.height);
        let text = format!(
            "This screen has {width}x{height} characters. The console needs {}x{} at least: make it larger.",
            LEAST.0, LEAST.1
        );
        let lines = rows::wrapped(&text, usize::from(area.width.max(1)));
        let lines: Vec<Line<'_>> = lines.into_iter().map(Line::raw).collect();
        frame.render_widget(Paragraph::new(lines), area);
        return Beyond::default();
    }
    let [head, body, foot] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
    ])
    .areas(area);
    draw_head(frame, app, look, head);
    let items = app.items().len() as u16;
    let [menu, pane] = if area.width >= WIDE {
        Layout::horizontal([Constraint::Length(MENU), Constraint::Min(0)]).areas(body)
    } else {
        Layout::vertical([Constraint::Length(items + 2), Constraint::Min(0)]).areas(body)
    };
    draw_menu(frame, app, look, menu);
    let pane = draw_pane(frame, app, look, pane);
    draw_foot(frame, app, look, foot);
    let dialogue = app.dialogue.as_ref();
    let window = dialogue.map_or(0, |dialogue| {
        windows::draw(frame, app, dialogue, look, body)
    });
    Beyond { pane, window }
}

fn draw_head(frame: &mut Frame<'_>, app: &App, look: Look, area: Rect) {
    let who = match &app.user {
        User::Root => "",
        User::Nobody => " (not logged in)",
        User::LoggedIn(_) => " (logged in)",
    };
    let name = look.shown(&app.kernel_or_told_name());
    let left = format!(" {name}{who}");
    let state = match &app.line {
        Daemon::Down { .. } => "DAEMON DOWN  ",
        _ => "",
    };
    let time = app.now.to_zoned(app.zone.clone()).strftime("%H:%M:%S");
    let right = format!("{state}{time} ");
    let gap =
        usize::from(area.width).saturating_sub(Line::raw(left.as_str()).width() + right.len());
    let text = format!("{left}{}{right}", " ".repeat(gap));
    frame.render_widget(Line::styled(text, look.style(Tone::Frame)), area);
}

fn draw_foot(frame: &mut Frame<'_>, app: &App, look: Look, area: Rect) {
    let keys = windows::keys(app);
    let text = format!(" {keys:<width$}", width = usize::from(area.width));
    frame.render_widget(Line::styled(text, look.style(Tone::Frame)), area);
}

/// A pane with lines around it.
fn framed(look: Look, title: &str) -> Block<'static> {
    Block::bordered()
        .border_set(look.border())
        .title(Line::styled(
            format!(" {} ", look.shown(title)),
            look.style(Tone::Title),
        ))
}

fn draw_menu(frame: &mut Frame<'_>, app: &App, look: Look, area: Rect) {
    let block = framed(look, app.menu.title());
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let lines: Vec<Line<'_>> = app
        .items()
        .iter()
        .map(|item| {
            let width = usize::from(inside.width);
            let (mark, tone) = match *item == app.item() {
                true => ('>', Tone::Chosen),
                false => (' ', Tone::Plain),
            };
            let text = format!("{:<width$}", format!("{mark} {}", item.title()));
            Line::styled(text, look.style(tone))
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inside);
}

fn draw_pane(frame: &mut Frame<'_>, app: &App, look: Look, area: Rect) -> usize {
    let item = app.item();
    let block = framed(look, pane_title(item));
    let inside = block.inner(area);
    let rows = panes::rows(app, item);
    let lines = rows::lines(&rows, usize::from(inside.width), look);
    let beyond = lines.len().saturating_sub(usize::from(inside.height));
    let (lines, more) = window_of(lines, app.scroll, usize::from(inside.height));
    let block = if more {
        block.title_bottom(" PgUp/PgDn for more ")
    } else {
        block
    };
    frame.render_widget(block, area);
    frame.render_widget(Paragraph::new(lines), inside);
    beyond
}

fn pane_title(item: Item) -> &'static str {
    match item {
        Item::Status => "Status",
        other => other.title(),
    }
}

/// The lines from `top` on, as many as there is room for, and whether there are others. A page that would begin behind
/// the last line ends with it.
fn window_of(lines: Vec<Line<'static>>, top: usize, height: usize) -> (Vec<Line<'static>>, bool) {
    let more = lines.len() > height;
    let top = top.min(lines.len().saturating_sub(height));
    let lines = lines.into_iter().skip(top).take(height).collect();
    (lines, more)
}
