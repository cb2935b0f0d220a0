/* A program outside of the project that uses weir, found by CMake or pkg-config, or as a part of its
 * own build.
 *
 * install_test.sh and guest_test.sh build it, as C and as C++.  It must never know how. */
#ifdef __cplusplus
extern "C"
#endif
    int
    use_weir(void);

int main(void)
{
    return use_weir();
}
