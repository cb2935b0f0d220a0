# shellcheck shell=bash
# Sets cxx and fortran to the C++ and Fortran compilers of the C compiler $compiler, or to nothing
# where there is none. Sourced by install_test.sh and guest_test.sh. It must never choose one of
# another make, whose OpenMP runtime is another.
name=$(basename "$compiler")
case $("$compiler" --version) in
*clang*) name=${name/#cc/clang} cxx=${name/clang/clang++} fortran=${name/clang/flang} ;;
*) name=${name/#cc/gcc} cxx=${name/gcc/g++} fortran=${name/gcc/gfortran} ;;
esac
cxx=$(command -v "$cxx" || true)
fortran=$(command -v "$fortran" || true)
