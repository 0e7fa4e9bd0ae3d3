/*-------------------------------------------------------------------------
 *
 * odbquery_ops.c
 *	  Equality, order and hashing of odbquery.
 *
 * Two queries are equal if they have the same components, of the same types,
 * and the same weights, scales and radius.  Components are the same if their
 * bytes are: their type need not have an equality, and need not even exist any
 * more.  So 1.0 and 1.00, or 0 and -0, differ here, as they differ in print.
 * Bytes can be compared because every query is packed in one way only: nothing
 * inside is toasted or compressed, all short values have short headers, and
 * all padding is zero.
 *
 * The order has no meaning.  It exists for sorting, merge joins and B-trees.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/hashfn.h"
#include "utils/builtins.h"

#include "type/odbquery.h"

PG_FUNCTION_INFO_V1(odbquery_lt);
PG_FUNCTION_INFO_V1(odbquery_le);
PG_FUNCTION_INFO_V1(odbquery_eq);
PG_FUNCTION_INFO_V1(odbquery_ne);
PG_FUNCTION_INFO_V1(odbquery_ge);
PG_FUNCTION_INFO_V1(odbquery_gt);
PG_FUNCTION_INFO_V1(odbquery_cmp);
PG_FUNCTION_INFO_V1(odbquery_hash);
PG_FUNCTION_INFO_V1(odbquery_hash_extended);

/* What a query is made of, as chunks of bytes. */
#define CHUNKS	5

typedef struct Chunk
{
	const void *bytes;
	Size		size;
} Chunk;

/*
 * The chunks that identify a query.  The kinds of its components' types are
 * left out: they follow from the types, and values of early versions have
 * none.
 */
static void
chunks_of(OdbQuery *query, Chunk *chunks)
{
	OdbQueryLayout layout;
	int			n = query->natts;

	mm_odbquery_locate(query, &layout);
	chunks[0] = (Chunk) {&query->radius, sizeof(query->radius)};
	chunks[1] = (Chunk) {layout.types, sizeof(Oid) * n};
	chunks[2] = (Chunk) {layout.weights, sizeof(float8) * n};
	chunks[3] = (Chunk) {layout.scales, layout.scales != NULL ? sizeof(float8) * n : 0};
	chunks[4] = (Chunk) {layout.object, layout.object_size};
}

static int
compare_args(FunctionCallInfo fcinfo)
{
	OdbQuery   *a = PG_GETARG_ODBQUERY_P(0);
	OdbQuery   *b = PG_GETARG_ODBQUERY_P(1);
	bool		a_radius = (a->flags & ODBQUERY_RADIUS) != 0;
	bool		b_radius = (b->flags & ODBQUERY_RADIUS) != 0;
	Chunk		x[CHUNKS];
	Chunk		y[CHUNKS];
	int			result = (a_radius > b_radius) - (a_radius < b_radius);

	chunks_of(a, x);
	chunks_of(b, y);
	for (int i = 0; i < CHUNKS && result == 0; i++)
	{
		if (x[i].size != y[i].size)
			result = x[i].size > y[i].size ? 1 : -1;
		else if (x[i].size > 0)
			result = memcmp(x[i].bytes, y[i].bytes, x[i].size);
	}

	/* B-tree and sort code relies on us not to leak memory. */
	PG_FREE_IF_COPY(a, 0);
	PG_FREE_IF_COPY(b, 1);
	return (result > 0) - (result < 0);
}

Datum
odbquery_lt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) < 0);
}

Datum
odbquery_le(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) <= 0);
}

Datum
odbquery_eq(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) == 0);
}

Datum
odbquery_ne(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) != 0);
}

Datum
odbquery_ge(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) >= 0);
}

Datum
odbquery_gt(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(compare_args(fcinfo) > 0);
}

Datum
odbquery_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(compare_args(fcinfo));
}

static uint64
hash_query(OdbQuery *query, uint64 seed)
{
	Chunk		chunks[CHUNKS];
	uint64		hash = seed;

	chunks_of(query, chunks);
	for (int i = 0; i < CHUNKS; i++)
		if (chunks[i].size > 0)
			hash = hash_bytes_extended(chunks[i].bytes, (int) chunks[i].size, hash);
	return hash;
}

/*
 * The lower half of the extended hash for seed 0, as hash operator classes
 * require.
 */
Datum
odbquery_hash(PG_FUNCTION_ARGS)
{
	OdbQuery   *query = PG_GETARG_ODBQUERY_P(0);
	uint64		hash = hash_query(query, 0);

	PG_FREE_IF_COPY(query, 0);
	PG_RETURN_UINT32((uint32) hash);
}

Datum
odbquery_hash_extended(PG_FUNCTION_ARGS)
{
	OdbQuery   *query = PG_GETARG_ODBQUERY_P(0);
	uint64		hash = hash_query(query, (uint64) PG_GETARG_INT64(1));

	PG_FREE_IF_COPY(query, 0);
	PG_RETURN_UINT64(hash);
}
