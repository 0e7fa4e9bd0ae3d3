/*-------------------------------------------------------------------------
 *
 * kernels_template.h
 *	  The vector kernels, written once over 16 lanes.
 *
 * This is not a header in the usual sense.  A kernels_*.c file includes it
 * after defining, for its instruction set:
 *
 *	KERNEL			the attributes of its functions (static, target)
 *	Lanes			16 floats, with lanes_zero, lanes_load (16 floats from
 *					memory, any alignment), lanes_load_part (the first n < 16,
 *					the rest 0), lanes_add, lanes_sub, lanes_mul, lanes_abs,
 *					lanes_max, lanes_sum and lanes_largest (over the 16, by
 *					halving)
 *	Wide			16 doubles, with wide_zero, wide_from (from Lanes),
 *					wide_add_product (acc + a * b), wide_sum
 *
 * Four accumulators of 16 lanes make the 64 running sums that kernels.h
 * promises.  Components past the end count as 0 on both sides, which leaves
 * every sum as it is.
 *
 *-------------------------------------------------------------------------
 */

/* Load 16 floats, or the first n of them followed by zeros. */
KERNEL Lanes
lanes_load_first(const float *p, int n)
{
	return n >= 16 ? lanes_load(p) : lanes_load_part(p, n);
}

/* Take in the next 16 components, or those that are left. */
#define TAIL(acc, STEP) \
	if (i < n) \
	{ \
		acc = STEP(acc, lanes_sub(lanes_load_first(a + i, n - i), \
								  lanes_load_first(b + i, n - i))); \
		i += 16; \
	}

/*
 * One function body for l1, l2_squared and linf.  STEP folds the difference of
 * two groups of lanes into an accumulator, MERGE joins accumulators, and
 * REDUCE makes one float of an accumulator.
 */
#define DEFINE_DISTANCE(name, STEP, MERGE, REDUCE) \
KERNEL float \
name(const float *a, const float *b, int n, float bound) \
{ \
	Lanes		acc0 = lanes_zero(); \
	Lanes		acc1 = lanes_zero(); \
	Lanes		acc2 = lanes_zero(); \
	Lanes		acc3 = lanes_zero(); \
	int			i = 0; \
	\
	while (n - i >= MM_KERNEL_LANES) \
	{ \
		int			end = n - i > MM_KERNEL_BLOCK ? i + MM_KERNEL_BLOCK : n; \
		\
		for (; i + MM_KERNEL_LANES <= end; i += MM_KERNEL_LANES) \
		{ \
			acc0 = STEP(acc0, lanes_sub(lanes_load(a + i), lanes_load(b + i))); \
			acc1 = STEP(acc1, lanes_sub(lanes_load(a + i + 16), lanes_load(b + i + 16))); \
			acc2 = STEP(acc2, lanes_sub(lanes_load(a + i + 32), lanes_load(b + i + 32))); \
			acc3 = STEP(acc3, lanes_sub(lanes_load(a + i + 48), lanes_load(b + i + 48))); \
		} \
		if (i < n && bound < FLT_MAX) \
		{ \
			float		part = REDUCE(MERGE(MERGE(acc0, acc2), MERGE(acc1, acc3))); \
			\
			if (part > bound) \
				return part; \
		} \
	} \
	TAIL(acc0, STEP) \
	TAIL(acc1, STEP) \
	TAIL(acc2, STEP) \
	TAIL(acc3, STEP) \
	return REDUCE(MERGE(MERGE(acc0, acc2), MERGE(acc1, acc3))); \
}

#define STEP_L1(acc, diff)		lanes_add(acc, lanes_abs(diff))
#define STEP_L2(acc, diff)		lanes_add_square(acc, diff)
#define STEP_LINF(acc, diff)	lanes_max(acc, lanes_abs(diff))

KERNEL Lanes
lanes_add_square(Lanes acc, Lanes diff)
{
	return lanes_add(acc, lanes_mul(diff, diff));
}

DEFINE_DISTANCE(kernel_l1, STEP_L1, lanes_add, lanes_sum)
DEFINE_DISTANCE(kernel_l2_squared, STEP_L2, lanes_add, lanes_sum)
DEFINE_DISTANCE(kernel_linf, STEP_LINF, lanes_max, lanes_largest)

/*
 * The products of two floats are exact in double precision, so a fused
 * multiply-add would give the same bits here.
 */
KERNEL double
kernel_dot(const float *a, const float *b, int n)
{
	Wide		ab = wide_zero();

	for (int i = 0; i < n; i += 16)
		ab = wide_add_product(ab, wide_from(lanes_load_first(a + i, n - i)),
							  wide_from(lanes_load_first(b + i, n - i)));
	return wide_sum(ab);
}

KERNEL void
kernel_dots(const float *a, const float *b, int n, double *sums, bool with_aa)
{
	Wide		ab = wide_zero();
	Wide		bb = wide_zero();
	Wide		aa = wide_zero();

	for (int i = 0; i < n; i += 16)
	{
		Wide		x = wide_from(lanes_load_first(a + i, n - i));
		Wide		y = wide_from(lanes_load_first(b + i, n - i));

		ab = wide_add_product(ab, x, y);
		bb = wide_add_product(bb, y, y);
		if (with_aa)
			aa = wide_add_product(aa, x, x);
	}
	sums[0] = wide_sum(ab);
	sums[1] = wide_sum(bb);
	if (with_aa)
		sums[2] = wide_sum(aa);
}

KERNEL void
kernel_dot2(const float *a, const float *b, int n, double *sums)
{
	kernel_dots(a, b, n, sums, false);
}

KERNEL void
kernel_dot3(const float *a, const float *b, int n, double *sums)
{
	kernel_dots(a, b, n, sums, true);
}
