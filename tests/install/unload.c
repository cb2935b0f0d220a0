/* Loads a plugin that uses weir, lets it run, and unloads it, more than once: the pool's threads
 * must not lose the code that they are in, and the floating-point mode must stay the program's.
 *
 * guest_test.sh runs it: unload PLUGIN.  It must never link weir itself. */
#include <dlfcn.h>
#include <float.h>
#include <stdio.h>
#include <time.h>

int main(int argc, char **argv)
{
    for (int i = 0; argc == 2 && i < 3; i++) {
        void *plugin = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        void *symbol = plugin != NULL ? dlsym(plugin, "use_weir") : NULL;
        if (symbol == NULL)
            return puts(dlerror()), 1;
        if ((*(int (**)(void))&symbol)() != 0)
            return puts("use_weir failed"), 1;
        dlclose(plugin);
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL); /* threads go on meanwhile */
    }
    volatile double tiny = DBL_MIN;
    if (tiny / 2 == 0)
        return puts("numbers below DBL_MIN have become 0"), 1;
    return argc != 2;
}
