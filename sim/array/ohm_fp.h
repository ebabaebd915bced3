/* Results must be the same bits in the Verilated simulator and in the Python extension. */
#ifndef OHM_FP_H
#define OHM_FP_H

#include <float.h>

#if defined(__FAST_MATH__)
#error "build the array model without -ffast-math: its results must not depend on the build"
#endif
#if FLT_EVAL_METHOD != 0
#error "build the array model with SSE2 or better: x87 registers keep more bits than a double"
#endif

/* gcc does not know the pragma and warns: there -ffp-contract=off has to be on the command line. */
#if defined(__clang__) || !defined(__GNUC__)
#pragma STDC FP_CONTRACT OFF
#endif

/* The sources are C99, but Verilator's makefile hands .c files to the C++ compiler. */
#ifdef __cplusplus
#define OHM_RESTRICT __restrict
#define OHM_BEGIN extern "C" {
#define OHM_END }
#else
#define OHM_RESTRICT restrict
#define OHM_BEGIN
#define OHM_END
#endif

#endif
