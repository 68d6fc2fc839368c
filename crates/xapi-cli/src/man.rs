//! The manual page, written from the same tables as the commands. Needs no server.

use crate::command;
use crate::print::Printer;

/// Prints xe(1) in roff.
pub fn print(printer: &mut Printer<'_>) {
    let mut page = String::from(HEAD);
    for command in command::all().iter().filter(|command| !command.hidden) {
        page += ".TP\n.B ";
        page += &escaped(&command.name);
        for name in &command.reqd {
            page += &format!(" \\fI{}\\fR=", escaped(name));
        }
        for name in &command.optional {
            page += &format!(" [\\fI{}\\fR]", escaped(name));
        }
        page += &format!("\n{}\n", escaped(&command.help));
    }
    page += TAIL;
    printer.list(&[page.trim_end()]);
}

/// Dashes are dashes, and a line that begins with a dot or a quote is no request.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    match text.chars().next() {
        Some('.' | '\'') => format!("\\&{text}"),
        _ => text,
    }
}

const HEAD: &str = r#".TH XE 1 "" "xapi\-rs" "User Commands"
.SH NAME
xe \- command line of a XenAPI pool
.SH SYNOPSIS
.B xe
[\fIoptions\fR] \fIcommand\fR [\fIparameter\fR=\fIvalue\fR ...]
.SH DESCRIPTION
.B xe
carries out one command on a pool or a host. On the host itself it talks to the local socket and root needs no password;
with
.B \-s
it logs in to another host.
.PP
Lists take filters, written \fIfield\fR=\fIvalue\fR, \fImap\fR:\fIkey\fR=\fIvalue\fR or
\fIset\fR:contains=\fIvalue\fR, and
.B params=
with the fields to show.
.SH OPTIONS
.TP
.BR \-s " \fIserver\fR"
The host to talk to; without it this one.
.TP
.BR \-p " \fIport\fR"
The port there: 443, or 80 without TLS.
.TP
.BR \-u " \fIuser\fR, " \-pw " \fIpassword\fR"
Who logs in.
.TP
.BR \-pwf " \fIfile\fR"
A file with the user on its first line and the password on its second.
.TP
.B \-\-nossl
Plain TCP instead of TLS. The password goes over the wire as it is.
.TP
.BR \-\-ca " \fIfile\fR"
Another host must show a certificate that is valid for its name and comes from an authority in the file, which is PEM.
Without this it must show the certificate that it showed the first time.
.TP
.B \-\-minimal
Prints the first value of each record only, between commas.
.TP
.B \-\-json
Prints one document of JSON. See JSON below.
.TP
.BR \-\-debug ", " \-\-debug\-on\-fail
Shows the calls on standard error, always or when the command fails.
.SH CHANGES OF THE NETWORK
These go with any command that changes the network of a host.
.TP
.B \-\-plan\-only
Tells the steps that the change would take, and does none.
.TP
.BR \-\-confirm\-within= \fIseconds\fR
A change on the path of management is undone unless
.B xe host\-network\-confirm
is said in time on another terminal. The command waits for it.
.TP
.BR \-\-probe= \fIaddress\fR
Such a change is undone if the address, which must answer echo requests before, does not answer them afterwards. The
router and the name servers are asked in any case.
.TP
.B \-\-no\-rollback
Nobody is asked: the change is kept though it may cut the host off.
.SH COMMANDS
"#;

const TAIL: &str = r#".SH JSON
With
.B \-\-json
a command prints one document when it succeeds: a list is an array of objects, \fIclass\fR\-param\-list one object,
\fIclass\fR\-param\-get one value, and a command that gives nothing back prints null. Fields have the names that the
other forms show. Truth values, numbers, sets and maps are JSON's own, objects are their UUIDs, dates are texts as on the
wire. What the other forms say in angle brackets, as <not in database>, is null.
.PP
A command that fails prints nothing, and one object on standard error: code, params and message. A code in capitals is an
error of the API with its parameters in order; the others are syntax, unknown_command, required_parameter, unknown_field,
refused, no_answer and several, the last with the UUIDs for which a command failed. What would ask for a yes is refused
without
.B \-\-force.
.SH LONG COMMANDS
Where standard error is a terminal, a command that may take long runs as a task, and a line shows how far it is. Ctrl\-C
asks the task to stop; once more, and
.B xe
leaves it to itself. Elsewhere, and with
.B \-\-minimal
or
.BR \-\-json ,
the command is one call as ever.
.SH FILES
.TP
.I ~/.xe
Options as lines \fIname\fR=\fIvalue\fR: server, port, username, password, passwordfile, nossl, cafile, debug.
.TP
.I ~/.xe-fingerprints
The certificates of other hosts, as lines \fIhost\fR:\fIport\fR SHA256 \fIfingerprint\fR. A host that shows another
certificate is refused; if it was given a new one, take its line out.
.TP
.I /var/lib/xcp/xapi
The socket of the host itself.
.SH ENVIRONMENT
.TP
.B XE_EXTRA_ARGS
Arguments between commas; a backslash before a comma keeps it.
.TP
.B XE_SOCKET
Another socket of the host itself.
.TP
.B TRACEPARENT
Accepted for scripts that set it, without effect.
.SH EXIT STATUS
0 on success, 1 on any error.
"#;
