/*
 * Lets user-mode Linux 6.1 run on a processor with AMX; loaded into it with LD_PRELOAD.
 *
 * User-mode Linux keeps the registers of its processes in a buffer of its own, which ends before AMX's. To put them
 * back it hands ptrace what it has, but PTRACE_SETREGSET takes the whole extended state or nothing: "put_fp_registers
 * failed", and the kernel panics. Here the missing end is added as zeros. That is its initial state, and nobody in
 * user-mode Linux can leave that: AMX has to be asked for by an arch_prctl that it does not know. On a processor whose
 * state is not longer than the buffer nothing is changed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

static char whole[64 * 1024];
/* How long the whole state is, once it was asked for. User-mode Linux calls ptrace from one thread. */
static size_t size;

long ptrace(enum __ptrace_request request, ...)
{
    static long (*real)(enum __ptrace_request, ...);
    va_list arguments;
    va_start(arguments, request);
    pid_t pid = va_arg(arguments, pid_t);
    void *address = va_arg(arguments, void *);
    void *data = va_arg(arguments, void *);
    va_end(arguments);
    if (!real)
        real = (long (*)(enum __ptrace_request, ...))dlsym(RTLD_NEXT, "ptrace");
    if (request != PTRACE_SETREGSET || (unsigned long)address != NT_X86_XSTATE)
        return real(request, pid, address, data);

    const struct iovec *given = data;
    struct iovec all = {whole, sizeof whole};
    if (!size) {
        if (real(PTRACE_GETREGSET, pid, address, &all) < 0)
            return -1;
        size = all.iov_len;
        memset(whole, 0, sizeof whole);
    }
    if (given->iov_len >= size)
        return real(request, pid, address, data);
    memcpy(whole, given->iov_base, given->iov_len);
    all.iov_len = size;
    return real(request, pid, address, &all);
}
