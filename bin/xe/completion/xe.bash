# Completion of xe for bash. It asks xe itself, and so the server, for commands, parameters and values.
# Install it as /usr/share/bash-completion/completions/xe, or: source <(xe completion)

_xe_ask() { xe "$@" 2>/dev/null; }

# The parameters of a command, required ones first.
_xe_parameters() {
    _xe_ask help "$1" | sed -n 's/^ *\(reqd\|optional\) params *: //p' | tr -d ' ' | tr ',' '\n' | grep -v '^<' | grep -v '^$'
}

# The class that a command is about: all words before the verb.
_xe_class() {
    case "$1" in
    host-cpu-* | host-crashdump-* | gpu-group-* | vgpu-type-* | pvs-*-* | sdn-controller-* | network-sriov-* | vm-group-* | \
        cluster-host-* | rate-limit-*) echo "$1" | cut -d- -f1,2 ;;
    *) echo "${1%%-*}" ;;
    esac
}

# The values that a parameter of a command can have.
_xe_values() {
    local command=$1 key=$2 class
    class=$(_xe_class "$command")
    case "$key" in
    uuid) _xe_ask "$class-list" --minimal | tr ',' '\n' ;;
    uuids) _xe_ask "$class-list" --minimal | tr ',' '\n' ;;
    pif-uuids) _xe_ask pif-list --minimal | tr ',' '\n' ;;
    *-uuid) _xe_ask "${key%-uuid}-list" --minimal | tr ',' '\n' ;;
    vm | host | sr) _xe_ask "$key-list" params=name-label --minimal | tr ',' '\n' ;;
    param-name) _xe_ask "$class-list" params=all | sed -n 's/^ *\([^ ]*\) (.*/\1/p' | sort -u ;;
    params) { echo all; _xe_ask "$class-list" params=all | sed -n 's/^ *\([^ ]*\) (.*/\1/p'; } | sort -u ;;
    primary_address_type) printf '%s\n' ipv4 ipv6 ;;
    mode)
        case "$command" in
        pif-reconfigure-ip) printf '%s\n' dhcp static none ;;
        pif-reconfigure-ipv6) printf '%s\n' dhcp static none autoconf ;;
        bond-*) printf '%s\n' balance-slb active-backup lacp ;;
        esac
        ;;
    esac
}

_xe() {
    local line word command key
    line=${COMP_LINE:0:COMP_POINT}
    word=${line##* }
    COMPREPLY=()
    # shellcheck disable=SC2086
    set -- $line
    command=${2-}
    compopt -o nospace
    if [ -z "$command" ] || { [ "$word" = "$command" ] && [ "$#" -le 2 ]; }; then
        mapfile -t COMPREPLY < <(_xe_ask help --minimal --all | tr ',' '\n' | grep "^${word//./\\.}" | sed 's/$/ /')
    elif [[ $word == *=* ]]; then
        key=${word%%=*}
        local value=${word#*=} last
        # Bash takes = for a word of its own, and of a list only the last item is completed.
        last=${value##*,}
        local before=${value%"$last"}
        mapfile -t COMPREPLY < <(_xe_values "$command" "$key" | grep -F -- "$last" | grep "^${last//./\\.}" | sed "s|^|$before|")
    else
        mapfile -t COMPREPLY < <(_xe_parameters "$command" | grep "^${word//./\\.}" | sed 's/:$/:/; t; s/$/=/')
    fi
}

complete -F _xe xe
