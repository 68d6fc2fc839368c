# Completion of xe for bash. It asks xe itself, and so the server, for commands, parameters and values.
# Install it as /usr/share/bash-completion/completions/xe, or: source <(xe completion)

# Asks the server that the line names.
_xe_ask() { xe ${_xe_options[@]+"${_xe_options[@]}"} "$@" 2>/dev/null </dev/null; }

# The items of the minimal form, one a line. A comma inside an item has a backslash before it.
_xe_items() { sed 's/\\\\/\x02/g; s/\\,/\x01/g; s/,/\n/g; s/\x01/,/g; s/\x02/\\/g' | grep -v '^$'; }

_xe_commands() { _xe_ask help --minimal --all | _xe_items; }

# The parameters of a command, required ones first.
_xe_parameters() {
    _xe_ask help "$1" | sed -n 's/^ *\(reqd\|optional\) params *: //p' | tr -d ' ' | tr ',' '\n' |
        sed 's/^<\(host\|vm\|sr\)-selectors>$/\1/' | grep -v '^$'
}

# The class that a command is about: all words before the verb.
_xe_class() {
    case "$1" in
    host-cpu-* | host-crashdump-* | gpu-group-* | vgpu-type-* | pvs-*-*-* | sdn-controller-* | network-sriov-* | \
        vm-group-* | usb-group-* | cluster-host-* | rate-limit-* | hostdriver-variant-*) echo "$1" | cut -d- -f1,2 ;;
    *) echo "${1%%-*}" ;;
    esac
}

# The fields of a class with their flags, as a list shows them: only those whose flags match.
_xe_fields() { _xe_ask "$1-list" params=all | sed -n "s/^ *\([^ ]*\) ($2).*/\1/p" | sort -u; }

# The values that a parameter of a command can have, one a line.
_xe_values() {
    local command=$1 key=$2 class
    class=$(_xe_class "$command")
    case "$command $key" in
    *" uuid" | *" uuids") _xe_ask "$class-list" --minimal | _xe_items ;;
    *" pif-uuids") _xe_ask pif-list --minimal | _xe_items ;;
    *-uuid) _xe_ask "${key%-uuid}-list" --minimal | _xe_items ;;
    *" vm" | *" host" | *" sr") _xe_ask "$key-list" params=name-label --minimal | _xe_items ;;
    *-param-add" param-name" | *-param-remove" param-name" | *-param-clear" param-name") _xe_fields "$class" '[SM]RW' ;;
    *" param-name") _xe_fields "$class" '...' ;;
    *" params")
        echo all
        _xe_fields "$class" '...'
        ;;
    *" primary_address_type") printf '%s\n' ipv4 ipv6 ;;
    "pif-reconfigure-ip mode" | "vif-configure-ipv4 mode") printf '%s\n' dhcp static none ;;
    "pif-reconfigure-ipv6 mode") printf '%s\n' dhcp static none autoconf ;;
    "vif-configure-ipv6 mode") printf '%s\n' static none autoconf ;;
    "event-wait class")
        printf '%s\n' vm vdi sr host network vif pif vbd pbd pool task subject role secret vmss
        ;;
    "event-wait "*) ;;
    "host-get-system-status output") printf '%s\n' tar.bz2 tar zip ;;
    bond-*" mode") printf '%s\n' balance-slb active-backup lacp ;;
    *-list\ *:*) ;;
    # What a list can be filtered by is what its objects hold.
    *-list\ *) _xe_ask "$command" "params=$key" --minimal | _xe_items | sort -u ;;
    esac
}

# Offers the lines of standard input that begin with the word, followed by the end.
_xe_offer() {
    local word=$1 end=$2 breaks=${COMP_WORDBREAKS//[^=:]/} typed='' candidate
    # Bash replaces only what stands after the last of its word breaks, and = and : are usually among them.
    if [[ -n $breaks && $word == *["$breaks"]* ]]; then
        typed=${word%"${word##*["$breaks"]}"}
    fi
    while IFS= read -r candidate; do
        [[ $candidate == "$word"* ]] || continue
        candidate=${candidate#"$typed"}
        if [[ $candidate == *[!A-Za-z0-9_.,:/=@%+-]* ]]; then
            printf -v candidate %q "$candidate"
        fi
        COMPREPLY+=("$candidate$end")
    done
}

# Commands, by their first words as long as there are several of these.
_xe_offer_commands() {
    local word=$1 names groups
    names=$(_xe_commands | grep -F -- "$word" | while IFS= read -r name; do [[ $name == "$word"* ]] && echo "$name"; done)
    groups=$(sed 's/-.*/-/' <<<"$names" | sort -u)
    if [[ $(wc -l <<<"$groups") -gt 1 ]]; then
        _xe_offer "$word" '' < <(grep -e '-$' <<<"$groups")
        _xe_offer "$word" ' ' < <(grep -v -e '-$' <<<"$groups")
    else
        _xe_offer "$word" ' ' <<<"$names"
    fi
}

_xe() {
    local line=${COMP_LINE:0:COMP_POINT} word command='' key before i item
    local -a words _xe_options=()
    COMPREPLY=()
    # Not the words of bash, which are cut at = and :. A backslash keeps a space.
    # shellcheck disable=SC2162
    read -a words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=('')
    word=${words[${#words[@]} - 1]}
    for ((i = 1; i < ${#words[@]} - 1; i++)); do
        case ${words[i]} in
        -s | -h | -p | -u | -pw | -pwf | --ca)
            if ((i + 1 == ${#words[@]} - 1)); then
                # The word is the value of this option.
                [[ ${words[i]} == -pwf || ${words[i]} == --ca ]] && mapfile -t COMPREPLY < <(compgen -f -- "$word")
                return
            fi
            _xe_options+=("${words[i]}" "${words[i + 1]}")
            ((i++))
            ;;
        --nossl | server=* | port=* | username=* | password=* | passwordfile=* | nossl=* | cafile=*) _xe_options+=("${words[i]}") ;;
        -* | *=*) ;;
        *) [[ -z $command ]] && command=${words[i]} ;;
        esac
    done
    if [[ $word == -* ]]; then
        _xe_offer "$word" ' ' < <(printf '%s\n' --minimal --json --multiple --all --force --trace --nossl --ca --debug --help)
    elif [[ -z $command ]]; then
        _xe_offer_commands "$word"
    elif [[ $command == help ]]; then
        _xe_offer_commands "$word"
    elif [[ $word == *=* ]]; then
        key=${word%%=*}
        case $key in
        filename | file-name | passwordfile | certificate | private-key | certificate-chain | args:*:file)
            mapfile -t COMPREPLY < <(compgen -f -- "${word#*=}")
            ;;
        pif-uuids | uuids | params)
            # Of a list only the last item is completed, and another may follow.
            before=${word#*=}
            before=${before%"${before##*,}"}
            _xe_offer "$word" '' < <(_xe_values "$command" "$key" | while IFS= read -r item; do echo "$key=$before$item"; done)
            ;;
        *)
            _xe_offer "$word" ' ' < <(_xe_values "$command" "$key" | while IFS= read -r item; do echo "$key=$item"; done)
            ;;
        esac
    else
        local -A given=()
        for item in "${words[@]:1:${#words[@]}-2}"; do
            given[${item%%=*}]=1
        done
        _xe_offer "$word" '' < <(_xe_parameters "$command" | while IFS= read -r item; do
            [[ -n ${given[$item]+x} ]] || case $item in
            *:) echo "$item" ;;
            *) echo "$item=" ;;
            esac
        done)
    fi
}

complete -o nospace -F _xe xe
