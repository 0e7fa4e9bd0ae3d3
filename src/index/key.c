/*-------------------------------------------------------------------------
 *
 * key.c
 *	  The keys of an index, as the catalogs have them.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_opclass.h"
#include "utils/builtins.h"
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

/*
 * The place of a key, which is an expression, in the list of expressions: it has only
 * these, in the order of their keys.
 */
static int
place_of_expression(Relation index, int key)
{
	int			n = 0;

	for (int i = 0; i < key; i++)
		n += index->rd_index->indkey.values[i] == 0;
	return n;
}

Node *
mm_key_expression(Relation index, int key)
{
	if (index->rd_index->indkey.values[key] != 0)
		return NULL;
	return list_nth(RelationGetIndexExpressions(index), place_of_expression(index, key));
}

static void *
stored_node(Relation index, AttrNumber attribute)
{
	bool		isnull;
	Datum		datum = SysCacheGetAttr(INDEXRELID, index->rd_indextuple, attribute, &isnull);

	return isnull ? NULL : stringToNode(TextDatumGetCString(datum));
}

List *
mm_stored_expressions(Relation index)
{
	return stored_node(index, Anum_pg_index_indexprs);
}

Node *
mm_stored_expression(Relation index, int key)
{
	if (index->rd_index->indkey.values[key] != 0)
		return NULL;
	return list_nth(mm_stored_expressions(index), place_of_expression(index, key));
}

Node *
mm_stored_predicate(Relation index)
{
	return stored_node(index, Anum_pg_index_indpred);
}
