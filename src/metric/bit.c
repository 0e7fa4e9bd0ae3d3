/*-------------------------------------------------------------------------
 *
 * bit.c
 *	  Metrics of bit and bit varying: Hamming distance, Jaccard distance.
 *
 * Both need strings of equal length.  Jaccard takes a string as the set of
 * the positions of its ones; two strings without ones are at distance 0.
 *
 * The bits that fill up the last byte are zero (varbit.c keeps them so).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "utils/varbit.h"

#include "compat.h"
#include "metric/kernels.h"
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
 * A value's parts, without copying one with a short header.
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
		.prepare = prepare_bits,
		.distance = distance_hamming,
		.dimensions = bit_dimensions,
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
		.prepare = prepare_bits,
		.distance = distance_jaccard,
		.dimensions = bit_dimensions,
	};

	PG_RETURN_POINTER(&routine);
}
