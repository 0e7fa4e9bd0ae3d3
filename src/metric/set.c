/*-------------------------------------------------------------------------
 *
 * set.c
 *	  Jaccard distance of arrays, taken as the sets of their elements.
 *
 * 1 - |A intersect B| / |A union B|, a metric (Levandowsky and Winter,
 * "Distance between sets", Nature 234, 1971); 0 for two empty sets.  Order,
 * repetition, dimensions and NULL elements do not count.  Text elements are
 * the same if their bytes are.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "utils/array.h"

#include "compat.h"
#include "metric/metric.h"

PG_FUNCTION_INFO_V1(mm_array_jaccard);
PG_FUNCTION_INFO_V1(mm_array_jaccard_routine);

/*
 * An element.  Integers are their own key; text has a hash as key, and its
 * bytes to tell apart what hashes alike.  Sets are sorted by that, which is
 * any order, as long as it is the same for all.
 */
typedef struct Element
{
	uint64		key;
	const char *bytes;			/* NULL for integers */
	int			len;
} Element;

typedef struct ElementSet
{
	int			n;
	Element    *elements;		/* ascending, all different */
} ElementSet;

static inline int
compare_elements(const Element *a, const Element *b)
{
	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return a->len == 0 ? 0 : memcmp(a->bytes, b->bytes, a->len);
}

static int
qsort_compare(const void *a, const void *b)
{
	return compare_elements(a, b);
}

/*
 * Sort, and drop repetitions.
 */
static void
make_set(ElementSet *set)
{
	Element    *e = set->elements;
	int			n = 0;

	if (set->n > 16)
		qsort(e, set->n, sizeof(Element), qsort_compare);
	else
		for (int i = 1; i < set->n; i++)
		{
			Element		moved = e[i];
			int			j = i;

			for (; j > 0 && compare_elements(&e[j - 1], &moved) > 0; j--)
				e[j] = e[j - 1];
			e[j] = moved;
		}

	for (int i = 0; i < set->n; i++)
		if (n == 0 || compare_elements(&e[n - 1], &e[i]) != 0)
			e[n++] = e[i];
	set->n = n;
}

/*
 * The set of an array's elements.  It refers to the array's bytes.
 */
static ElementSet
set_of_array(ArrayType *array)
{
	Oid			type = ARR_ELEMTYPE(array);
	int			nitems = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int			typlen = type == TEXTOID ? -1 : type == INT4OID ? 4 : 8;
	char		typalign = type == INT8OID ? TYPALIGN_DOUBLE : TYPALIGN_INT;
	bits8	   *nulls = ARR_NULLBITMAP(array);
	const char *pt = ARR_DATA_PTR(array);
	ElementSet	set;

	set.n = 0;
	set.elements = MemoryContextAllocHuge(CurrentMemoryContext,
										  sizeof(Element) * Max(nitems, 1));
	for (int i = 0; i < nitems; i++)
	{
		Element    *e = &set.elements[set.n];

		if (nulls != NULL && (nulls[i / 8] & (1 << (i % 8))) == 0)
			continue;
		if (type == TEXTOID)
		{
			e->bytes = VARDATA_ANY(pt);
			e->len = VARSIZE_ANY_EXHDR(pt);
			e->key = hash_bytes_extended((const unsigned char *) e->bytes, e->len, 0);
		}
		else
		{
			e->bytes = NULL;
			e->len = 0;
			e->key = type == INT4OID ? (uint64) *(const int32 *) pt : *(const uint64 *) pt;
		}
		set.n++;
		pt = (const char *) att_addlength_pointer(pt, typlen, pt);
		pt = (const char *) att_align_nominal(pt, typalign);
	}
	make_set(&set);
	return set;
}

static void *
prepare_jaccard(Datum query, Oid collation)
{
	ElementSet *set = palloc(sizeof(ElementSet));

	/* A copy, as the set refers to it. */
	*set = set_of_array(DatumGetArrayTypePCopy(query));
	return set;
}

static double
distance_jaccard(void *prepared, Datum value, double bound)
{
	const ElementSet *a = prepared;
	ElementSet	b = set_of_array(DatumGetArrayTypeP(value));
	int			shared = 0;
	int			all;

	for (int i = 0, j = 0; i < a->n && j < b.n;)
	{
		int			order = compare_elements(&a->elements[i], &b.elements[j]);

		i += order <= 0;
		j += order >= 0;
		shared += order == 0;
	}
	all = a->n + b.n - shared;
	return all == 0 ? 0.0 : (double) (all - shared) / all;
}

static const MetricRoutine jaccard_routine = {
	.prepare = prepare_jaccard,
	.distance = distance_jaccard,
};

Datum
mm_array_jaccard(PG_FUNCTION_ARGS)
{
	return mm_metric_operator(fcinfo, &jaccard_routine);
}

Datum
mm_array_jaccard_routine(PG_FUNCTION_ARGS)
{
	PG_RETURN_POINTER(&jaccard_routine);
}
