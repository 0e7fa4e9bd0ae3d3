/*-------------------------------------------------------------------------
 *
 * bit.c
 *	  Metrics of bit and bit varying: Hamming distance, Jaccard distance.
 *
 * Both need strings of equal length.  Jaccard takes a string as the set of the
 * positions of its ones; two strings without ones are at distance 0.
 *
 * The bits that fill up the last byte are zero (varbit.c keeps them so).
 *
 * A sketch has the first words of a string, and after them the number of ones
 * in the rest of the string, if there is a rest.  If two rests have a and b
 * ones, they differ in at least |a - b| bits, and in at most min(a + b, 2 *
 * length - a - b).  They share at least max(0, a + b - length) ones, and at
 * most min(a, b).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "port/pg_bitutils.h"
#include "utils/varbit.h"

#include "compat.h"
#include "metric/kernels.h"
#include "metric/kernels_planes.h"
#include "metric/metric.h"

PG_FUNCTION_INFO_V1(mm_bit_hamming);
PG_FUNCTION_INFO_V1(mm_bit_hamming_routine);
PG_FUNCTION_INFO_V1(mm_bit_jaccard);
PG_FUNCTION_INFO_V1(mm_bit_jaccard_routine);

typedef struct Bits
{
	int			bits;			/* length of the string */
	int			bytes;			/* and of its data */
	const uint8 *data;
} Bits;

/*
 * The parts of a value.  A value with a short header is not copied for it.
 */
static inline Bits
load_bits(Datum value)
{
	struct varlena *v = PG_DETOAST_DATUM_PACKED(value);
	int32		bits;

	memcpy(&bits, VARDATA_ANY(v), sizeof(bits));
	return (Bits) {
		.bits = bits,
		.bytes = VARSIZE_ANY_EXHDR(v) - sizeof(bits),
		.data = (const uint8 *) VARDATA_ANY(v) + sizeof(bits),
	};
}

static int
bit_dimensions(Datum value)
{
	VarBit	   *front = (VarBit *) PG_DETOAST_DATUM_SLICE(value, 0, sizeof(int32));

	return VARBITLEN(front);
}

static inline void
check_lengths(const Bits *a, const Bits *b)
{
	if (unlikely(a->bits != b->bits))
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_LENGTH_MISMATCH),
				 errmsg("bit strings have different lengths: %d and %d",
						a->bits, b->bits)));
}

static void *
prepare_bits(Datum query, Oid collation)
{
	Bits		bits = load_bits(query);
	Bits	   *prepared = palloc(sizeof(Bits) + bits.bytes);

	*prepared = bits;
	prepared->data = memcpy(prepared + 1, bits.data, bits.bytes);
	return prepared;
}

static double
hamming(const Bits *a, const Bits *b)
{
	check_lengths(a, b);
	return (double) mm_kernels->xor_bits(a->data, b->data, a->bytes);
}

static double
jaccard(const Bits *a, const Bits *b)
{
	uint64		counts[2];

	check_lengths(a, b);
	mm_kernels->and_or_bits(a->data, b->data, a->bytes, counts);
	return counts[1] == 0 ? 0.0 : (double) (counts[1] - counts[0]) / counts[1];
}

static double
distance_hamming(void *prepared, Datum value, double bound)
{
	Bits		b = load_bits(value);

	return hamming(prepared, &b);
}

static double
distance_jaccard(void *prepared, Datum value, double bound)
{
	Bits		b = load_bits(value);

	return jaccard(prepared, &b);
}

typedef struct BitModel
{
	int			bits;
	int			words;
	int			rest;			/* bits behind the words */
} BitModel;

static void *
train_bits(const Datum *values, int n, Oid collation, int budget, Size *size,
		   MetricSketchShape *shape)
{
	BitModel   *model = palloc0(sizeof(BitModel));

	model->bits = load_bits(values[0]).bits;
	model->words = model->bits / 32 + (model->bits % 32 != 0);
	if (model->words > budget / (int) sizeof(uint32))
	{
		model->words = budget / (int) sizeof(uint32) - 1;
		model->rest = model->bits - 32 * model->words;
	}
	if (model->words < 1)
		return NULL;
	*size = sizeof(BitModel);
	shape->words = model->words + (model->rest > 0);
	shape->bytes = 0;
	return model;
}

/*
 * Copy the first words of a string.  Returns the number of ones after them.
 */
static int
split_bits(const BitModel *model, const Bits *b, uint32 *words)
{
	int			front = Min(b->bytes, model->words * (int) sizeof(uint32));

	if (b->bits != model->bits)
		check_lengths(b, &(Bits) {.bits = model->bits});
	words[model->words - 1] = 0;
	memcpy(words, b->data, front);
	return (int) pg_popcount((const char *) b->data + front, b->bytes - front);
}

static void
sketch_bits(const void *model, Datum value, Oid collation, uint32 *words, uint8 *bytes)
{
	const BitModel *m = model;
	Bits		b = load_bits(value);
	int			rest = split_bits(m, &b, words);

	if (m->rest > 0)
		words[m->words] = rest;
}

static MMSignatureQuery *
sketch_query_bits(const BitModel *model, Datum query, MMSignatureDistance distance)
{
	MMSignatureQuery *result = palloc0(offsetof(MMSignatureQuery, signature) +
									   sizeof(uint32) * model->words);
	Bits		b = load_bits(query);

	result->distance = distance;
	result->words = model->words;
	result->has_rest = model->rest > 0;
	result->most_rest = model->rest;
	result->rest = split_bits(model, &b, result->signature);
	result->ones = (int) pg_popcount((const char *) result->signature,
									 sizeof(uint32) * model->words);
	return result;
}

static void *
sketch_query_hamming(const void *model, Datum query, Oid collation)
{
	return sketch_query_bits(model, query, MM_SIGNATURE_HAMMING);
}

static void *
sketch_query_jaccard(const void *model, Datum query, Oid collation)
{
	return sketch_query_bits(model, query, MM_SIGNATURE_JACCARD);
}

static void
sketch_bounds(const void *query, const MetricSketchPlanes *planes, float *lower, float *upper)
{
	mm_kernels->planes->signatures(query, planes, lower, upper);
}

Datum
mm_bit_hamming(PG_FUNCTION_ARGS)
{
	Bits		a = load_bits(PG_GETARG_DATUM(0));
	Bits		b = load_bits(PG_GETARG_DATUM(1));

	PG_RETURN_FLOAT8(hamming(&a, &b));
}

Datum
mm_bit_hamming_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_bits,
		.distance = distance_hamming,
		.dimensions = bit_dimensions,
		.whole = true,
		.finite = true,
		.train = train_bits,
		.sketch = sketch_bits,
		.sketch_query = sketch_query_hamming,
		.sketch_bounds = sketch_bounds,
	};

	PG_RETURN_POINTER(&routine);
}

Datum
mm_bit_jaccard(PG_FUNCTION_ARGS)
{
	Bits		a = load_bits(PG_GETARG_DATUM(0));
	Bits		b = load_bits(PG_GETARG_DATUM(1));

	PG_RETURN_FLOAT8(jaccard(&a, &b));
}

Datum
mm_bit_jaccard_routine(PG_FUNCTION_ARGS)
{
	static const MetricRoutine routine = {
		METRIC_ROUTINE_HEAD,
		.prepare = prepare_bits,
		.distance = distance_jaccard,
		.dimensions = bit_dimensions,
		.finite = true,
		.train = train_bits,
		.sketch = sketch_bits,
		.sketch_query = sketch_query_jaccard,
		.sketch_bounds = sketch_bounds,
	};

	PG_RETURN_POINTER(&routine);
}
