// SPDX-License-Identifier: MIT
// Compiler matters on which exactness rests: no fast-math, exceptions for what goes wrong, and one machine-code instance of
// what must repeat itself.
#pragma once

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__ > 0)
#error \
    "antistrophe: -ffast-math and -ffinite-math-only are refused: under them NaN is not seen and a step is not repeatable"
#endif
#ifndef __cpp_exceptions
#error "antistrophe: -fno-exceptions is refused: bad arguments and solves that cannot go on are told by exceptions"
#endif

// A function so marked exists once in the program and is called, never inlined, cloned or specialised: two calls on the
// same bits run the same instructions and give the same bits. GCC clones even noinline functions, which noipa forbids;
// clang specialises those whose every call it can see, of which `used` leaves it in doubt.
#if defined(__GNUC__) && !defined(__clang__)
#define ANTISTROPHE_ONE_INSTANCE [[gnu::noipa]]
#elif defined(__clang__)
#define ANTISTROPHE_ONE_INSTANCE __attribute__((noinline, used))
#elif defined(_MSC_VER)
#define ANTISTROPHE_ONE_INSTANCE __declspec(noinline)
#else
#define ANTISTROPHE_ONE_INSTANCE
#endif

// Where nothing is optimised, what is inlined all the same is only copied: more to compile, and no faster.
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define ANTISTROPHE_ALWAYS_INLINE inline __attribute__((always_inline))
#define ANTISTROPHE_INLINE_LAMBDA __attribute__((always_inline))
#else
#define ANTISTROPHE_ALWAYS_INLINE inline
#define ANTISTROPHE_INLINE_LAMBDA
#endif

// The compiler knows of x, a double, a float or an integer, no more than that it lies in a register: so it neither gathers x
// with its neighbours into a packet nor loads them together. No instruction is spent: "v" is any of the 32 that AVX-512 has, to "x" it would
// move. Elsewhere it does nothing.
#if defined(__GNUC__) && defined(__x86_64__)
#define ANTISTROPHE_IN_FLOAT_REGISTER(x) __asm__("" : "+v"(x))
#define ANTISTROPHE_IN_INTEGER_REGISTER(x) __asm__("" : "+r"(x))
#elif defined(__GNUC__) && defined(__aarch64__)
#define ANTISTROPHE_IN_FLOAT_REGISTER(x) __asm__("" : "+w"(x))
#define ANTISTROPHE_IN_INTEGER_REGISTER(x) __asm__("" : "+r"(x))
#else
#define ANTISTROPHE_IN_FLOAT_REGISTER(x) static_cast<void>(x)
#define ANTISTROPHE_IN_INTEGER_REGISTER(x) static_cast<void>(x)
#endif

// Before a loop whose passes do not depend on each other: arrays that it reads and writes are the same or do not overlap.
#if defined(__clang__)
#define ANTISTROPHE_INDEPENDENT_PASSES _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define ANTISTROPHE_INDEPENDENT_PASSES _Pragma("GCC ivdep")
#else
#define ANTISTROPHE_INDEPENDENT_PASSES
#endif

// A function that is called now and then in a solve: not inlined at every call, but optimised.
#if defined(__GNUC__)
#define ANTISTROPHE_OUT_OF_LINE [[gnu::noinline]]
#else
#define ANTISTROPHE_OUT_OF_LINE
#endif

// All that such a function calls is inlined into it, if it may be inlined at all: for what lives in registers.
#if defined(__GNUC__) && defined(__OPTIMIZE__)
#define ANTISTROPHE_FLAT [[gnu::flatten, gnu::noinline]]
#define ANTISTROPHE_WITH_ALL_IT_CALLS __attribute__((flatten))
#else
#define ANTISTROPHE_FLAT
#define ANTISTROPHE_WITH_ALL_IT_CALLS
#endif

// A function that is called where a solve ends badly, or once in it: kept out of line and small, which spares compile time.
#if defined(__GNUC__)
#define ANTISTROPHE_COLD [[gnu::cold, gnu::noinline]]
#else
#define ANTISTROPHE_COLD
#endif
