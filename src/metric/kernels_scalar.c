/*-------------------------------------------------------------------------
 *
 * kernels_scalar.c
 *	  The kernels in portable C, for any CPU; see kernels.h.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <float.h>

#include "metric/kernels.h"
#include "metric/kernels_planes.h"

#define KERNEL	static inline

/*
 * Groups of four floats and of two doubles, in the vector extension of gcc and
 * clang.  On a CPU without vector registers the compiler takes them apart.
 */
typedef float Four __attribute__((vector_size(16)));
typedef int32 FourBits __attribute__((vector_size(16)));
typedef double Two __attribute__((vector_size(16)));

typedef struct Lanes
{
	Four		q0,
				q1,
				q2,
				q3;
} Lanes;

typedef struct Wide
{
	Two			d[8];
} Wide;

KERNEL Four
larger(Four a, Four b)
{
	FourBits	a_is = a > b;	/* all ones where it is */

	return (Four) ((a_is & (FourBits) a) | (~a_is & (FourBits) b));
}

KERNEL Four
absolute(Four a)
{
	return (Four) ((FourBits) a & (FourBits) {PG_INT32_MAX, PG_INT32_MAX, PG_INT32_MAX, PG_INT32_MAX});
}

KERNEL Lanes
lanes_add(Lanes a, Lanes b)
{
	return (Lanes) {a.q0 + b.q0, a.q1 + b.q1, a.q2 + b.q2, a.q3 + b.q3};
}

KERNEL Lanes
lanes_sub(Lanes a, Lanes b)
{
	return (Lanes) {a.q0 - b.q0, a.q1 - b.q1, a.q2 - b.q2, a.q3 - b.q3};
}

KERNEL Lanes
lanes_mul(Lanes a, Lanes b)
{
	return (Lanes) {a.q0 * b.q0, a.q1 * b.q1, a.q2 * b.q2, a.q3 * b.q3};
}

KERNEL Lanes
lanes_max(Lanes a, Lanes b)
{
	return (Lanes) {larger(a.q0, b.q0), larger(a.q1, b.q1),
		larger(a.q2, b.q2), larger(a.q3, b.q3)};
}

KERNEL Lanes
lanes_abs(Lanes a)
{
	return (Lanes) {absolute(a.q0), absolute(a.q1), absolute(a.q2), absolute(a.q3)};
}

KERNEL Lanes
lanes_zero(void)
{
	return (Lanes) {{0}, {0}, {0}, {0}};
}

KERNEL Lanes
lanes_load(const float *p)
{
	Lanes		r;

	memcpy(&r.q0, p, sizeof(Four));
	memcpy(&r.q1, p + 4, sizeof(Four));
	memcpy(&r.q2, p + 8, sizeof(Four));
	memcpy(&r.q3, p + 12, sizeof(Four));
	return r;
}

KERNEL Lanes
lanes_load_part(const float *p, int n)
{
	float		padded[16] = {0};

	memcpy(padded, p, sizeof(float) * n);
	return lanes_load(padded);
}

KERNEL float
lanes_sum(Lanes a)
{
	Four		four = (a.q0 + a.q2) + (a.q1 + a.q3);

	return (four[0] + four[2]) + (four[1] + four[3]);
}

KERNEL float
lanes_largest(Lanes a)
{
	Four		four = larger(larger(a.q0, a.q2), larger(a.q1, a.q3));

	return Max(Max(four[0], four[2]), Max(four[1], four[3]));
}

KERNEL Wide
wide_zero(void)
{
	return (Wide) {{{0}, {0}, {0}, {0}, {0}, {0}, {0}, {0}}};
}

KERNEL Wide
wide_from(Lanes a)
{
#define HALF(q, i)	(Two) {(q)[i], (q)[(i) + 1]}
	return (Wide) {{
		HALF(a.q0, 0), HALF(a.q0, 2), HALF(a.q1, 0), HALF(a.q1, 2),
		HALF(a.q2, 0), HALF(a.q2, 2), HALF(a.q3, 0), HALF(a.q3, 2)
	}};
#undef HALF
}

KERNEL Wide
wide_add_product(Wide acc, Wide a, Wide b)
{
	return (Wide) {{
		acc.d[0] + a.d[0] * b.d[0], acc.d[1] + a.d[1] * b.d[1],
		acc.d[2] + a.d[2] * b.d[2], acc.d[3] + a.d[3] * b.d[3],
		acc.d[4] + a.d[4] * b.d[4], acc.d[5] + a.d[5] * b.d[5],
		acc.d[6] + a.d[6] * b.d[6], acc.d[7] + a.d[7] * b.d[7]
	}};
}

KERNEL double
wide_sum(Wide a)
{
	Two			two = ((a.d[0] + a.d[4]) + (a.d[2] + a.d[6])) +
		((a.d[1] + a.d[5]) + (a.d[3] + a.d[7]));

	return two[0] + two[1];
}

#include "metric/kernels_template.h"

/*
 * The number of one bits, counted eight bytes at a time.
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

/* The first n < 8 bytes at p, or all 8, as an integer; missing bytes are 0. */
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
	.dot = kernel_dot,
	.dot2 = kernel_dot2,
	.dot3 = kernel_dot3,
	.xor_bits = kernel_xor_bits,
	.and_or_bits = kernel_and_or_bits,
	.planes = &mm_plane_kernels_portable,
};
