/* Files written beside a report: where they go, and how they get there; see output.h. */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "interrupt.h"
#include "tool.h"

static int refuse(const char *option, const char *path, int error)
{
    tool_error("%s %s: %s", option, path, strerror(error));
    return TOOL_FAILED;
}

bool output_is_stdout(const char *path)
{
    static const char *const names[] = {"-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(path, names[i]) == 0)
            return true;
    return false;
}

static bool is_open_as(const struct stat *info, int fd)
{
    struct stat other;
    return fd >= 0 && fstat(fd, &other) == 0 && other.st_dev == info->st_dev &&
           other.st_ino == info->st_ino;
}

static bool begins_with(const char *path, const char *start)
{
    return strncmp(path, start, strlen(start)) == 0;
}

/* A regular file is replaced as a whole, and where a link leads to one, that one.  All else is
 * written in place, and so are the system's names for open files.
 * Returns: 0, or the errno of why it cannot be written. */
static int find_target(output *o)
{
    struct stat info;
    o->target[0] = '\0';
    if (output_is_stdout(o->path) || begins_with(o->path, "/dev/std") ||
        begins_with(o->path, "/dev/fd/") || begins_with(o->path, "/proc/"))
        return 0;
    if (stat(o->path, &info) == 0) {
        if (!S_ISREG(info.st_mode))
            return S_ISDIR(info.st_mode) ? EISDIR : 0;
        if (access(o->path, W_OK) != 0 || !realpath(o->path, o->target))
            return errno;
    } else if (errno != ENOENT || !o->path[0] || strlen(o->path) >= sizeof o->target) {
        return errno == ENOENT && o->path[0] ? ENAMETOOLONG : errno;
    } else if (lstat(o->path, &info) != 0) { /* else a link to what is not there: made through it */
        memcpy(o->target, o->path, strlen(o->path) + 1);
    }
    snprintf(o->part, sizeof o->part, "%s.%ld.part", o->target, (long)getpid());
    return 0;
}

static int open_part(const output *o)
{
    return open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int output_check(const char *option, const char *path, int input)
{
    output o = {.option = option, .path = path};
    struct stat info;
    const bool there = !output_is_stdout(path) && stat(path, &info) == 0 && S_ISREG(info.st_mode);
    if (there && is_open_as(&info, input)) {
        tool_error("%s %s: is the file that is read; give another name", option, path);
        return TOOL_USAGE;
    }
    if (there && is_open_as(&info, STDOUT_FILENO)) {
        tool_error("%s %s: is where standard output goes; '%s -' writes it there", option, path,
                   option);
        return TOOL_USAGE;
    }
    int error = find_target(&o);
    if (error == 0 && o.target[0]) {
        const int fd = open_part(&o);
        error = fd < 0 ? errno : 0;
        if (fd >= 0) {
            close(fd);
            unlink(o.part);
        }
    }
    return error ? refuse(option, path, error) : TOOL_OK;
}

int output_open(output *o, const char *option, const char *path)
{
    o->option = option;
    o->path = path;
    o->file = NULL;
    const int error = find_target(o);
    if (error)
        return refuse(option, path, error);
    if (output_is_stdout(path)) {
        o->file = stdout;
        return TOOL_OK;
    }
    const int fd =
        o->target[0] ? open_part(o) : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    o->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!o->file)
        return refuse(option, path, errno);
    interrupt_remove(o->target[0] ? o->part : NULL);
    return TOOL_OK;
}

/* What standard output took is checked by main, at the end. */
int output_close(output *o)
{
    if (o->file == stdout)
        return TOOL_OK;
    errno = 0;
    int failed = ferror(o->file);
    failed |= fclose(o->file);
    const bool placed =
        !failed && !tool_interrupted() && (!o->target[0] || rename(o->part, o->target) == 0);
    const int error = errno;
    if (!placed && o->target[0])
        unlink(o->part);
    interrupt_remove(NULL);
    if (placed)
        return TOOL_OK;
    return tool_interrupted() ? TOOL_INTERRUPTED : refuse(o->option, o->path, error ? error : EIO);
}
