//! Floating-point numbers as C's `%.16g` prints them, which is how XAPI sends them.

use std::fmt::Write as _;

/// Appends `x` with up to 16 significant digits, without trailing zeros: `1`, `0.5`, `1.5e+20`, `nan`, `-inf`.
pub(crate) fn general_into(out: &mut String, x: f64) {
    if x.is_nan() {
        return out.push_str("nan");
    }
    if x.is_infinite() {
        return out.push_str(if x > 0.0 { "inf" } else { "-inf" });
    }
    // "d.ddddddddddddddde-5", correctly rounded to 16 digits.
    let scientific = format!("{:.15e}", x.abs());
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.trim_end_matches('0') {
        "" => "0",
        digits => digits,
    };
    if x.is_sign_negative() {
        out.push('-');
    }
    let (whole, fraction, zeros) = match exponent {
        -4..0 => ("0", digits, exponent.unsigned_abs() as usize - 1),
        0..16 => {
            let point = exponent as usize + 1;
            if digits.len() <= point {
                out.push_str(digits);
                out.extend(std::iter::repeat_n('0', point - digits.len()));
                return;
            }
            (&digits[..point], &digits[point..], 0)
        }
        _ => (&digits[..1], &digits[1..], 0),
    };
    out.push_str(whole);
    if !fraction.is_empty() {
        out.push('.');
        out.extend(std::iter::repeat_n('0', zeros));
        out.push_str(fraction);
    }
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        // Writing to a string cannot fail.
        write!(out, "e{sign}{:02}", exponent.unsigned_abs()).expect("a string takes any text");
    }
}

#[cfg(test)]
mod tests {
    use super::general_into;

    #[test]
    fn floats_are_printed_as_c_prints_them() {
        // The right column is what printf("%.16g") of glibc 2.36 gives.
        for (x, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-1.5, "-1.5"),
            (0.1, "0.1"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.3333333333333333"),
            (100.0, "100"),
            (1e15, "1000000000000000"),
            (1e16, "1e+16"),
            (1.5e20, "1.5e+20"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (0.00012345, "0.00012345"),
            (123456.789, "123456.789"),
            (1e23, "9.999999999999999e+22"),
            (9_999_999_999_999_998.0, "9999999999999998"),
            (1e300, "1e+300"),
            (5e-324, "4.940656458412465e-324"),
            (f64::MAX, "1.797693134862316e+308"),
            (f64::NAN, "nan"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ] {
            let mut out = String::new();
            general_into(&mut out, x);
            assert_eq!(out, text, "{x:e}");
        }
    }
}
