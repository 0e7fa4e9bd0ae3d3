/*-------------------------------------------------------------------------
 *
 * key.c
 *	  The keys of an index, as the catalogs have them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_opclass.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"

#include "index/key.h"

const char *
mm_key_name(Relation index, int key)
{
	AttrNumber	attnum = index->rd_index->indkey.values[key];

	if (attnum > 0)
		return get_attname(index->rd_index->indrelid, attnum, false);
	return pstrdup(NameStr(TupleDescAttr(RelationGetDescr(index), key)->attname));
}

const Oid *
mm_key_opclasses(Relation index)
{
	Datum		datum;
	bool		isnull;

	datum = SysCacheGetAttr(INDEXRELID, index->rd_indextuple,
							Anum_pg_index_indclass, &isnull);
	Assert(!isnull);
	return ((oidvector *) DatumGetPointer(datum))->values;
}

Oid
mm_key_opclass(Relation index, int key)
{
	return mm_key_opclasses(index)[key];
}

Node *
mm_key_expression(Relation index, int key)
{
	int			n = 0;

	if (index->rd_index->indkey.values[key] != 0)
		return NULL;
	/* The list has expressions only, in the order of their keys. */
	for (int i = 0; i < key; i++)
		n += index->rd_index->indkey.values[i] == 0;
	return list_nth(RelationGetIndexExpressions(index), n);
}
