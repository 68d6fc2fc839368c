//! XenAPI's dates: `20260131T12:00:00Z`, a zone kept as it was given.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::civil::DateTime as Civil;
use jiff::tz::{Offset, TimeZone};

/// A date as XenAPI writes it: compact ISO 8601 to the second, the zone as it was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DateTime(String);

impl DateTime {
    /// The value that means "not set".
    pub fn epoch() -> DateTime {
        DateTime("19700101T00:00:00Z".to_owned())
    }

    /// The moment `seconds` after the epoch, in UTC; out-of-range moments become the epoch.
    pub fn from_unix(seconds: i64) -> DateTime {
        match Timestamp::from_second(seconds) {
            Ok(stamp) => {
                let civil = stamp.to_zoned(TimeZone::UTC).datetime();
                DateTime(format!("{}Z", compact(civil)))
            }
            Err(_) => DateTime::epoch(),
        }
    }

    /// The moment of a system clock reading.
    pub fn from_system(time: SystemTime) -> DateTime {
        let seconds = time
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        DateTime::from_unix(i64::try_from(seconds).unwrap_or(0))
    }

    /// Reads `YYYYMMDDTHH:MM:SS[zone]` or `YYYY-MM-DDTHH:MM:SS[.fraction][zone]`; no zone means UTC.
    pub fn parse(text: &str) -> Option<DateTime> {
        if text.len() > 64 || !text.is_ascii() {
            return None;
        }
        let (date, rest) = text.split_once('T')?;
        let digits: String = match date.len() {
            8 => date.to_owned(),
            10 if date.as_bytes()[4] == b'-' && date.as_bytes()[7] == b'-' => date.replace('-', ""),
            _ => return None,
        };
        if digits.len() != 8 {
            return None;
        }
        let clock = rest.get(..8)?;
        let mut zone = rest.get(8..)?;
        if let Some(fraction) = zone.strip_prefix('.') {
            let end = fraction
                .find(|c: char| !c.is_ascii_digit())
                .unwrap_or(fraction.len());
            if end == 0 || date.len() == 8 {
                return None;
            }
            zone = &fraction[end..];
        }
        let civil = civil(&digits, clock)?;
        let zone = match zone {
            "" | "Z" => "Z".to_owned(),
            other => {
                offset(other)?;
                other.to_owned()
            }
        };
        Some(DateTime(format!("{}{zone}", compact(civil))))
    }

    /// The text on the wire.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Seconds since the epoch.
    pub fn unix(&self) -> i64 {
        let (stamp, zone) = self.0.split_at(17);
        let civil = civil(&stamp[..8], &stamp[9..]);
        let offset = if zone == "Z" {
            Some(Offset::UTC)
        } else {
            offset(zone)
        };
        match (civil, offset) {
            (Some(civil), Some(offset)) => offset
                .to_timestamp(civil)
                .map_or(0, |stamp| stamp.as_second()),
            _ => 0,
        }
    }
}

fn compact(civil: Civil) -> String {
    format!(
        "{:04}{:02}{:02}T{:02}:{:02}:{:02}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute(),
        civil.second()
    )
}

fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|b| b.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}

fn civil(date: &str, clock: &str) -> Option<Civil> {
    let clock_bytes = clock.as_bytes();
    if clock.len() != 8 || clock_bytes[2] != b':' || clock_bytes[5] != b':' {
        return None;
    }
    Civil::new(
        number(&date[..4])?,
        number(&date[4..6])?,
        number(&date[6..8])?,
        number(&clock[..2])?,
        number(&clock[3..5])?,
        number(&clock[6..8])?,
        0,
    )
    .ok()
}

fn offset(zone: &str) -> Option<Offset> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = zone[1..].replace(':', "");
    if digits.len() != 4 || zone.len() > 6 {
        return None;
    }
    let seconds = number::<i32>(&digits[..2])? * 3600 + number::<i32>(&digits[2..])? * 60;
    Offset::from_seconds(sign * seconds).ok()
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::DateTime;

    fn check(text: &str, wire: Option<&str>) {
        assert_eq!(
            DateTime::parse(text).as_ref().map(DateTime::as_str),
            wire,
            "{text}"
        );
    }

    #[test]
    fn dates_are_read_in_both_forms_and_written_in_one() {
        check("20240131T12:00:00Z", Some("20240131T12:00:00Z"));
        check("20240131T12:00:00", Some("20240131T12:00:00Z"));
        check("2024-01-31T12:00:00.25Z", Some("20240131T12:00:00Z"));
        check("2024-01-31T12:00:00+05:30", Some("20240131T12:00:00+05:30"));
        check("20240131T12:00:00.5Z", None);
        check("20240230T12:00:00Z", None);
        check("20240131T25:00:00Z", None);
        check("20240131T12:00:00+9", None);
        check("yesterday", None);
        check("20-4-01-31T12:00:00Z", None);
        check("2024013\u{e9}T12:00:00Z", None);
    }

    #[test]
    fn a_date_and_its_seconds_agree() {
        assert_eq!(
            DateTime::from_unix(1_706_702_400).as_str(),
            "20240131T12:00:00Z"
        );
        assert_eq!(
            DateTime::parse("20240131T12:00:00Z").unwrap().unix(),
            1_706_702_400
        );
        assert_eq!(
            DateTime::parse("20240131T12:00:00+01:00").unwrap().unix(),
            1_706_698_800
        );
        assert_eq!(DateTime::epoch().unix(), 0);
    }
}
