#!/bin/sh
# Builds core, parallel and kernel for AArch64 and runs the kernel's tests under qemu: the NEON step gives the reference's
# bits too. Usage: aarch64.sh SOURCE BUILD CATCH2-VERSION. Exit 77: skipped, something is missing.
set -eu
source=$1
build=$2
catch2=$3

for tool in aarch64-linux-gnu-g++ aarch64-linux-gnu-gcc qemu-aarch64 cmake ninja; do
    if ! command -v "$tool" >/dev/null; then
        echo "SKIPPED: $tool is missing: the AArch64 kernels were NOT tested" \
            "(Debian: g++-aarch64-linux-gnu qemu-user)" >&2
        exit 77
    fi
done

case $catch2 in
    2.*) ;;
    *)
        echo "SKIPPED: Catch2 $catch2 is a compiled library of this machine's processor: the AArch64 kernels were NOT tested" >&2
        exit 77
        ;;
esac

# Where the cross compiler's C library lives: its dynamic loader is what qemu needs.
library=$(aarch64-linux-gnu-gcc -print-file-name=libc.so.6)
root=$(cd "$(dirname "$library")/.." && pwd)
cmake -S "$source" -B "$build" -G Ninja -DMORPHOGEN_KERNEL_ONLY=ON \
    -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=aarch64 \
    -DCMAKE_C_COMPILER=aarch64-linux-gnu-gcc -DCMAKE_CXX_COMPILER=aarch64-linux-gnu-g++ \
    -DCMAKE_CROSSCOMPILING_EMULATOR="qemu-aarch64;-L;$root" \
    -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O2 -DCMAKE_UNITY_BUILD=ON \
    -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DMORPHOGEN_CONTRACTS=ON -DMORPHOGEN_WARNINGS_AS_ERRORS=ON >/dev/null
cmake --build "$build" --target test_kernel
# Emulated, a minute each: what the native tests say about the oracle and about large grids is not repeated.
OMP_WAIT_POLICY=passive exec qemu-aarch64 -L "$root" "$build/tests/test_kernel" \
    '*every split*,*digits*,*subnormals*,*a copy is*,*Philox*,*uniform*,*untouched*,*limb*,*instruction set*'
