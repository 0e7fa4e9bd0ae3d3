/*-------------------------------------------------------------------------
 *
 * kernels_scalar.c
 *	  The kernels in portable C, for any CPU; see kernels.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>
#include <math.h>

#include "port/pg_bitutils.h"

#include "metric/kernels.h"

#define KERNEL	static inline

typedef struct Lanes
{
	float		f[16];
} Lanes;

typedef struct Wide
{
	double		d[16];
} Wide;

#define DEFINE_LANES(name, expr) \
KERNEL Lanes \
name(Lanes a, Lanes b) \
{ \
	for (int j = 0; j < 16; j++) \
		a.f[j] = (expr); \
	return a; \
}

DEFINE_LANES(lanes_add, a.f[j] + b.f[j])
DEFINE_LANES(lanes_sub, a.f[j] - b.f[j])
DEFINE_LANES(lanes_mul, a.f[j] * b.f[j])
DEFINE_LANES(lanes_max, a.f[j] > b.f[j] ? a.f[j] : b.f[j])

KERNEL Lanes
lanes_abs(Lanes a)
{
	for (int j = 0; j < 16; j++)
		a.f[j] = fabsf(a.f[j]);
	return a;
}

KERNEL Lanes
lanes_zero(void)
{
	return (Lanes) {{0}};
}

KERNEL Lanes
lanes_load(const float *p)
{
	Lanes		r;

	memcpy(&r, p, sizeof(r));
	return r;
}

KERNEL Lanes
lanes_load_part(const float *p, int n)
{
	Lanes		r = {{0}};

	memcpy(&r, p, sizeof(float) * n);
	return r;
}

KERNEL float
lanes_sum(Lanes a)
{
	for (int half = 8; half > 0; half /= 2)
		for (int j = 0; j < half; j++)
			a.f[j] += a.f[j + half];
	return a.f[0];
}

KERNEL float
lanes_largest(Lanes a)
{
	for (int half = 8; half > 0; half /= 2)
		for (int j = 0; j < half; j++)
			a.f[j] = a.f[j] > a.f[j + half] ? a.f[j] : a.f[j + half];
	return a.f[0];
}

KERNEL Wide
wide_zero(void)
{
	return (Wide) {{0}};
}

KERNEL Wide
wide_from(Lanes a)
{
	Wide		r;

	for (int j = 0; j < 16; j++)
		r.d[j] = a.f[j];
	return r;
}

KERNEL Wide
wide_add_product(Wide acc, Wide a, Wide b)
{
	for (int j = 0; j < 16; j++)
		acc.d[j] += a.d[j] * b.d[j];
	return acc;
}

KERNEL double
wide_sum(Wide a)
{
	for (int half = 8; half > 0; half /= 2)
		for (int j = 0; j < half; j++)
			a.d[j] += a.d[j + half];
	return a.d[0];
}

#include "metric/kernels_template.h"

/*
 * Number of one bits, eight bytes at a time.
 */
static inline uint64
count_bits(uint64 x)
{
	x = x - ((x >> 1) & UINT64CONST(0x5555555555555555));
	x = (x & UINT64CONST(0x3333333333333333)) +
		((x >> 2) & UINT64CONST(0x3333333333333333));
	x = (x + (x >> 4)) & UINT64CONST(0x0f0f0f0f0f0f0f0f);
	return (x * UINT64CONST(0x0101010101010101)) >> 56;
}

/* The first n < 8 bytes at p, or all 8, as an integer; missing ones 0. */
static inline uint64
load_bytes(const uint8 *p, int n)
{
	uint64		x = 0;

	memcpy(&x, p, n < 8 ? n : 8);
	return x;
}

static uint64
kernel_xor_bits(const uint8 *a, const uint8 *b, int n)
{
	uint64		count = 0;

	for (int i = 0; i < n; i += 8)
		count += count_bits(load_bytes(a + i, n - i) ^ load_bytes(b + i, n - i));
	return count;
}

static void
kernel_and_or_bits(const uint8 *a, const uint8 *b, int n, uint64 *counts)
{
	counts[0] = counts[1] = 0;
	for (int i = 0; i < n; i += 8)
	{
		uint64		x = load_bytes(a + i, n - i);
		uint64		y = load_bytes(b + i, n - i);

		counts[0] += count_bits(x & y);
		counts[1] += count_bits(x | y);
	}
}

static bool
always(void)
{
	return true;
}

const MMKernels mm_kernels_scalar = {
	.name = "scalar",
	.supported = always,
	.l1 = kernel_l1,
	.l2_squared = kernel_l2_squared,
	.linf = kernel_linf,
	.dot2 = kernel_dot2,
	.dot3 = kernel_dot3,
	.xor_bits = kernel_xor_bits,
	.and_or_bits = kernel_and_or_bits,
};
