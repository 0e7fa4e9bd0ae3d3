/*-------------------------------------------------------------------------
 *
 * kernels_coordinates_template.h
 *	  Kernels over planes of coordinates: bounds for boxes and points, and
 *	  weighted sums over columns.  This is a part of kernels_planes_template.h.
 *
 *-------------------------------------------------------------------------
 */

/*
 * Turn a norm into the lower bound of the distance.  Infinity stays Infinity,
 * for the sake of empty boxes.
 */
INLINED void
transform_lower(const int lanes, const MetricTransform *t, bool identity,
				const float *x, float *lower)
{
	MetricTransform f = *t;
	float		deflate = 1.0f - (ROUNDING + f.relative);

	if (identity)
	{
		deflate *= deflate;
		FOR_LANES(i)
			lower[i] = x[i] * deflate;
		return;
	}
	FOR_LANES(i)
	{
		float		y = smaller(x[i] * deflate, f.clamp);
		float		fy = (((f.c4 * y + f.c3) * y + f.c2) * y + f.c1) * y * deflate;

		fy = larger(fy, 0.0f);
		lower[i] = x[i] > FLT_MAX ? FLOAT_INFINITY : fy;
	}
}

/*
 * The steps by which a norm is computed.  L2 keeps the largest difference
 * beside the sum of squares: it serves as the bound where squares overflow or
 * underflow.
 */
#define ADD_GAP(norm, sum, largest, gap) \
	do { \
		if (norm == METRIC_NORM_L1) \
			sum += gap; \
		else if (norm == METRIC_NORM_L2 || norm == METRIC_NORM_BALLS) \
		{ \
			sum += gap * gap; \
			largest = larger(gap, largest); \
		} \
		else \
			sum = larger(gap, sum); \
	} while (0)

/*
 * The number of coordinates that a norm is computed from, and what is taken off
 * it: the radii of a query's ball and of the entries', which come after these.
 */
#define NORM_COORDINATES(norm, n)	((norm) == METRIC_NORM_BALLS ? (n) - 1 : (n))
#define BALL_RADII(norm, planes, n, stride) \
	((norm) == METRIC_NORM_BALLS ? (planes) + (Size) ((n) - 1) * (stride) : NULL)
#define BALL_RADIUS(norm, q, n)	((norm) == METRIC_NORM_BALLS ? (q)[(n) - 1] : 0.0f)

INLINED void
norm_lower(const int lanes, const MetricNorm norm, const MetricTransform *t,
		   bool identity, const float *sum, const float *largest,
		   const float *radii, float radius, float *lower)
{
	float		x[64];

	if (norm == METRIC_NORM_DISCRETE)
	{
		FOR_LANES(i)
			lower[i] = sum[i] > FLT_MAX ? FLOAT_INFINITY : sum[i] > 0.0f ? 1.0f : 0.0f;
		return;
	}
	FOR_LANES(i)
		if (norm == METRIC_NORM_L2 || norm == METRIC_NORM_BALLS)
		{
			float		root = __builtin_sqrtf(sum[i]);

			x[i] = sum[i] >= SMALLEST_SQUARE && sum[i] <= FLT_MAX ? root : largest[i];
			/* An empty box is infinitely far, and its radius -Infinity. */
			if (norm == METRIC_NORM_BALLS)
				x[i] = larger(x[i] * (1.0f - ROUNDING) - (radii[i] + radius) * (1.0f + ROUNDING), 0.0f);
		}
		else
			x[i] = sum[i];
	transform_lower(lanes, t, identity, x, lower);
}

INLINED void
boxes_block(const int lanes, int first, const MetricNorm norm,
			const MetricTransform *t, int ncoordinates, const float *q,
			const float *lo, const float *hi, int stride, float *lower)
{
	float		sum[64];
	float		largest[64];

	lower += first;
	FOR_LANES(i)
		sum[i] = largest[i] = 0.0f;
	for (int p = 0; p < NORM_COORDINATES(norm, ncoordinates); p++)
	{
		const float *l = lo + (Size) p * stride + first;
		const float *h = hi + (Size) p * stride + first;
		float		slack = norm == METRIC_NORM_DISCRETE ? 0.0f : mm_coordinate_slack(t, q[p]);
		float		above = q[p] + slack;
		float		below = q[p] - slack;

		FOR_LANES(i)
		{
			float		gap = larger(larger(l[i] - above, below - h[i]), 0.0f);

			ADD_GAP(norm, sum[i], largest[i], gap);
		}
	}
	norm_lower(lanes, norm, t, metric_is_identity(t), sum, largest,
			   BALL_RADII(norm, hi + first, ncoordinates, stride),
			   BALL_RADIUS(norm, q, ncoordinates), lower);
}

/*
 * Expands to one call of a macro for each norm, with the norm as a constant.
 */
#define FOR_NORM(norm, call) \
	do { \
		switch (norm) \
		{ \
			case METRIC_NORM_MAX: \
				call(METRIC_NORM_MAX); \
				break; \
			case METRIC_NORM_PIVOTS: \
				call(METRIC_NORM_PIVOTS); \
				break; \
			case METRIC_NORM_L1: \
				call(METRIC_NORM_L1); \
				break; \
			case METRIC_NORM_L2: \
				call(METRIC_NORM_L2); \
				break; \
			case METRIC_NORM_DISCRETE: \
				call(METRIC_NORM_DISCRETE); \
				break; \
			case METRIC_NORM_BALLS: \
				call(METRIC_NORM_BALLS); \
				break; \
		} \
	} while (0)

PLANES void
plane_boxes(MetricNorm norm, const MetricTransform *t, int ncoordinates,
			const float *q, const float *lo, const float *hi, int stride, int n,
			float *lower)
{
#define BOXES(norm) \
	FOR_BLOCKS(n, boxes_block, norm, t, ncoordinates, q, lo, hi, stride, lower)
	/* the box of a pivot's coordinates is like any other */
	FOR_NORM(norm == METRIC_NORM_PIVOTS ? METRIC_NORM_MAX : norm, BOXES);
#undef BOXES
}

INLINED void
growths_block(const int lanes, int first, int ncoordinates, const float *x,
			  const float *unit, const float *lo, const float *hi, int stride,
			  float most, float *growth)
{
	float		sum[64];

	growth += first;
	FOR_LANES(i)
		sum[i] = 0.0f;
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *l = lo + (Size) p * stride + first;
		const float *h = hi + (Size) p * stride + first;
		float		at = x[p];
		float		weight = unit[p];

		FOR_LANES(i)
		{
			float		outside = larger(l[i] - at, at - h[i]) * weight;

			/* This is NaN if a box is empty and the weight is zero. */
			sum[i] += smaller(larger(outside, 0.0f), most);
		}
	}
	FOR_LANES(i)
		growth[i] = sum[i];
}

PLANES void
plane_growths(int ncoordinates, const float *x, const float *unit,
			  const float *lo, const float *hi, int stride, int n, float most,
			  float *growth)
{
	FOR_BLOCKS(n, growths_block, ncoordinates, x, unit, lo, hi, stride, most, growth);
}

INLINED void
overlap_growths_block(const int lanes, int first, int ncoordinates, const float *before,
					  const float *after, const float *unit, const float *lo,
					  const float *hi, int stride, float most, float *growth)
{
	float		shared_before[64];
	float		shared_after[64];
	float		least_before[64];	/* negative: apart */
	float		least_after[64];

	growth += first;
	FOR_LANES(i)
		shared_before[i] = shared_after[i] = least_before[i] = least_after[i] = 0.0f;
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *l = lo + (Size) p * stride + first;
		const float *h = hi + (Size) p * stride + first;
		float		lo_before = before[p];
		float		hi_before = before[ncoordinates + p];
		float		lo_after = after[p];
		float		hi_after = after[ncoordinates + p];
		float		weight = unit[p];

		if (weight == 0.0f)
			continue;
		FOR_LANES(i)
		{
			float		length = smaller(hi_before, h[i]) - larger(lo_before, l[i]);

			least_before[i] = smaller(length, least_before[i]);
			shared_before[i] += smaller(length * weight, most);
			length = smaller(hi_after, h[i]) - larger(lo_after, l[i]);
			least_after[i] = smaller(length, least_after[i]);
			shared_after[i] += smaller(length * weight, most);
		}
	}
	FOR_LANES(i)
		growth[i] = (least_after[i] < 0.0f ? 0.0f : shared_after[i]) -
			(least_before[i] < 0.0f ? 0.0f : shared_before[i]);
}

PLANES void
plane_overlap_growths(int ncoordinates, const float *before, const float *after,
					  const float *unit, const float *lo, const float *hi, int stride,
					  int n, float most, float *growth)
{
	FOR_BLOCKS(n, overlap_growths_block, ncoordinates, before, after, unit, lo, hi, stride,
			   most, growth);
}

/*
 * Add one coordinate of several entries to their norms.
 */
INLINED void
add_points(const int lanes, const MetricNorm norm, float center, float slack,
		   const float *x, float *sum, float *largest)
{
	FOR_LANES(i)
	{
		float		gap = larger(__builtin_fabsf(x[i] - center) - slack, 0.0f);

		ADD_GAP(norm, sum[i], largest[i], gap);
	}
}

INLINED void
points_lower_block(const int lanes, int first, const MetricNorm norm,
				   const MetricTransform *t, int ncoordinates, const float *q,
				   const float *x, int stride, float *lower)
{
	float		sum[64];
	float		largest[64];

	FOR_LANES(i)
		sum[i] = largest[i] = 0.0f;
	for (int p = 0; p < NORM_COORDINATES(norm, ncoordinates); p++)
		add_points(lanes, norm, q[p], norm == METRIC_NORM_DISCRETE ? 0.0f : mm_coordinate_slack(t, q[p]),
				   x + (Size) p * stride + first, sum, largest);
	norm_lower(lanes, norm, t, metric_is_identity(t), sum, largest,
			   BALL_RADII(norm, x + first, ncoordinates, stride),
			   BALL_RADIUS(norm, q, ncoordinates), lower + first);
}

/*
 * Upper bounds, for a metric that is the norm itself or is embedded by pivots.
 * A coordinate at the limit may stand for any number beyond.
 */
INLINED void
points_upper_block(const int lanes, int first, const MetricNorm norm,
				   const MetricTransform *t, int ncoordinates, const float *q,
				   const float *x, int stride, float *upper)
{
	float		inflate = 1.0f + (ROUNDING + t->relative);
	float		sum[64];
	float		largest[64];

	upper += first;
	inflate *= inflate;

	/* This small summand makes up for squares that underflow. */
	FOR_LANES(i)
	{
		sum[i] = norm == METRIC_NORM_PIVOTS ? FLOAT_INFINITY : norm == METRIC_NORM_L2 ? SMALLEST_SQUARE : 0.0f;
		largest[i] = 0.0f;
	}
	for (int p = 0; p < ncoordinates; p++)
	{
		const float *v = x + (Size) p * stride + first;
		float		slack = mm_coordinate_slack(t, q[p]);
		float		center = q[p];
		bool		exact = __builtin_fabsf(center) < (float) METRIC_COORDINATE_LIMIT;
		float		limit = exact ? (float) METRIC_COORDINATE_LIMIT : 0.0f;

		FOR_LANES(i)
		{
			float		size = __builtin_fabsf(v[i]);
			float		gap = (norm == METRIC_NORM_PIVOTS ? size + center :
							   __builtin_fabsf(v[i] - center)) + slack;

			gap = size < limit ? gap : FLOAT_INFINITY;
			if (norm == METRIC_NORM_PIVOTS)
				sum[i] = smaller(gap, sum[i]);
			else
				ADD_GAP(norm, sum[i], largest[i], gap);
		}
	}
	FOR_LANES(i)
		upper[i] = (norm == METRIC_NORM_L2 ? __builtin_sqrtf(sum[i]) : sum[i]) * inflate;
}

PLANES void
plane_points(MetricNorm norm, const MetricTransform *t, int ncoordinates,
			 const float *q, const float *x, int stride, int n,
			 float *lower, float *upper)
{
#define POINTS_LOWER(norm) \
	FOR_BLOCKS(n, points_lower_block, norm, t, ncoordinates, q, x, stride, lower)
#define POINTS_UPPER(norm) \
	FOR_BLOCKS(n, points_upper_block, norm, t, ncoordinates, q, x, stride, upper)

	FOR_NORM(norm == METRIC_NORM_PIVOTS ? METRIC_NORM_MAX : norm, POINTS_LOWER);
	if (upper == NULL)
		return;
	if (norm == METRIC_NORM_DISCRETE)
	{
		for (int i = 0; i < n; i++)
			upper[i] = 1.0f;
	}
	else if (metric_is_identity(t))
		FOR_NORM(norm, POINTS_UPPER);
	else
	{
		for (int i = 0; i < n; i++)
			upper[i] = FLOAT_INFINITY;
	}
#undef POINTS_LOWER
#undef POINTS_UPPER
}

#ifdef LANES

/*
 * The same as transform_lower, for a register.
 */
INLINED Lanes
lanes_transform_lower(const MMPointTerm *term, Lanes x)
{
	const MetricTransform *f = term->transform;
	float		deflate = 1.0f - (ROUNDING + f->relative);
	Lanes		y;
	Lanes		fy;

	if (term->identity)
		return x * LANES_OF(deflate * deflate);
	y = LANES_MIN(x * LANES_OF(deflate), LANES_OF(f->clamp));
	fy = (((LANES_OF(f->c4) * y + LANES_OF(f->c3)) * y + LANES_OF(f->c2)) * y + LANES_OF(f->c1)) * y *
		LANES_OF(deflate);
	fy = LANES_MAX(fy, LANES_OF(0.0f));
	return LANES_IF_GE(LANES_OF(FLT_MAX), x, fy, LANES_OF(FLOAT_INFINITY));
}

INLINED Lanes
lanes_gap(const MMPointTerm *term, int p, const float *x)
{
	Lanes		gap = LANES_ABS(LANES_LOAD(x) - LANES_OF(term->q[p])) - LANES_OF(term->slack[p]);

	return LANES_MAX(gap, LANES_OF(0.0f));
}

/*
 * The largest of the first n differences.
 */
INLINED Lanes
lanes_largest(const MMPointTerm *term, int n, const float *x, int stride)
{
	Lanes		largest = LANES_OF(0.0f);

	for (int p = 0; p < n; p++)
		largest = LANES_MAX(lanes_gap(term, p, x + (Size) p * stride), largest);
	return largest;
}

/*
 * The root of the sum of the squares of the first n differences, or the largest of
 * them where that is not within the range of floats.
 */
INLINED Lanes
lanes_root(const MMPointTerm *term, int n, const float *x, int stride)
{
	Lanes		least = LANES_OF(SMALLEST_SQUARE);
	Lanes		most = LANES_OF(FLT_MAX);
	Lanes		sum = LANES_OF(0.0f);

	for (int p = 0; p < n; p++)
	{
		Lanes		gap = lanes_gap(term, p, x + (Size) p * stride);

		sum += gap * gap;
	}
	if (LANES_ALL_WITHIN(least, sum, most))
		return LANES_SQRT(sum);
	return LANES_IF_GE(sum, least,
					   LANES_IF_GE(most, sum, LANES_SQRT(sum), lanes_largest(term, n, x, stride)),
					   lanes_largest(term, n, x, stride));
}

/*
 * Lower bounds of one term of a sum, as points_lower_block computes them.
 */
INLINED Lanes
lanes_term_lower(const MMPointTerm *term, const float *x, int stride)
{
	MetricNorm	norm = term->norm;
	int			n = NORM_COORDINATES(norm, term->ncoordinates);
	Lanes		zero = LANES_OF(0.0f);
	Lanes		result = zero;

	if (norm == METRIC_NORM_L1)
		for (int p = 0; p < n; p++)
			result += lanes_gap(term, p, x + (Size) p * stride);
	else if (norm == METRIC_NORM_L2 || norm == METRIC_NORM_BALLS)
		result = lanes_root(term, n, x, stride);
	else
		result = lanes_largest(term, n, x, stride);
	if (norm == METRIC_NORM_DISCRETE)
		return LANES_IF_GE(zero, result, zero, LANES_OF(1.0f));
	/* The radii of balls come after the other coordinates. */
	if (norm == METRIC_NORM_BALLS)
		result = LANES_MAX(result * LANES_OF(1.0f - ROUNDING) -
						   (LANES_LOAD(x + (Size) n * stride) +
							LANES_OF(BALL_RADIUS(norm, term->q, term->ncoordinates))) *
						   LANES_OF(1.0f + ROUNDING), zero);
	return lanes_transform_lower(term, result);
}

/*
 * Weighted sums of lower bounds.  They stay in a register from one term to the
 * next, which compilers do not achieve with arrays.
 */
INLINED void
sums_of_lanes(int first, const MMPointTerm *terms, int nterms, const float *x,
			  const uint32 *nulls, uint32 some_null, int stride, float *totals)
{
	Lanes		total = LANES_OF(0.0f);

	for (int r = 0; r < nterms; r++)
	{
		const MMPointTerm *term = &terms[r];
		Lanes		lower = lanes_term_lower(term, x + (Size) term->first * stride + first, stride);

		if (term->curve != NULL)
			lower = lanes_on_curve(term->curve, lower);
		else
			lower = LANES_OF(term->factor) * LANES_MIN(lower, LANES_OF(FLT_MAX));
		if (some_null & term->bit)
			lower = LANES_WHERE(nulls + first, term->bit, LANES_OF(term->missing), lower);
		total += lower;
	}
	LANES_STORE(totals + first, total);
}
#else							/* !LANES */

/*
 * Lower bounds of one term of a sum.
 */
INLINED void
term_lower(const int lanes, const MetricNorm norm, const MMPointTerm *term,
		   const float *x, int stride, float *lower)
{
	float		sum[64];
	float		largest[64];

	FOR_LANES(i)
		sum[i] = largest[i] = 0.0f;
	for (int p = 0; p < NORM_COORDINATES(norm, term->ncoordinates); p++)
		add_points(lanes, norm, term->q[p], term->slack[p], x + (Size) p * stride, sum, largest);
	norm_lower(lanes, norm, term->transform, term->identity, sum, largest,
			   BALL_RADII(norm, x, term->ncoordinates, stride),
			   BALL_RADIUS(norm, term->q, term->ncoordinates), lower);
}

INLINED void
sums_block(const int lanes, int first, const MMPointTerm *terms, int nterms,
		   const float *x, const uint32 *nulls, uint32 some_null, int stride,
		   float *totals)
{
	float		total[64];
	float		lower[64];

	FOR_LANES(i)
		total[i] = 0.0f;
	for (int r = 0; r < nterms; r++)
	{
		const MMPointTerm *term = &terms[r];
		const float *v = x + (Size) term->first * stride + first;
		float		factor = term->factor;

#define TERM(norm)	term_lower(lanes, norm, term, v, stride, lower)
		FOR_NORM(term->norm == METRIC_NORM_PIVOTS ? METRIC_NORM_MAX : term->norm, TERM);
#undef TERM
		if (term->curve != NULL)
			curve_block(lanes, 0, term->curve, lower);
		else
			FOR_LANES(i)
				lower[i] = factor * smaller(lower[i], FLT_MAX);
		if (some_null & term->bit)
		{
			uint32		bit = term->bit;
			float		missing = term->missing;

			FOR_LANES(i)
				lower[i] = nulls[first + i] & bit ? missing : lower[i];
		}
		FOR_LANES(i)
			total[i] += lower[i];
	}
	FOR_LANES(i)
		totals[first + i] = total[i];
}

#endif							/* LANES */

PLANES float
plane_sums(const MMPointTerm *terms, int nterms, const float *x,
		   const uint32 *nulls, int stride, int n, float *totals)
{
	uint32		some_null = 0;
	float		least[16];
	float		result = FLOAT_INFINITY;

	for (int i = 0; i < n; i++)
		some_null |= nulls[i];
#ifdef LANES
	for (int first = 0; first < n; first += LANES)
		sums_of_lanes(first, terms, nterms, x, nulls, some_null, stride, totals);
#else
	FOR_BLOCKS(n, sums_block, terms, nterms, x, nulls, some_null, stride, totals);
#endif
	for (int i = 0; i < 16; i++)
		least[i] = FLOAT_INFINITY;
	for (int first = 0; first < n; first += 16)
		for (int i = 0; i < 16; i++)
		{
			float		total = first + i < n ? totals[first + i] : FLOAT_INFINITY;

			least[i] = smaller(total, least[i]);
		}
	for (int i = 0; i < 16; i++)
		result = smaller(least[i], result);
	return result;
}
