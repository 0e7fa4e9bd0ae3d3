/*-------------------------------------------------------------------------
 *
 * key.h
 *	  The keys of an index, as the catalogs have them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_KEY_H
#define MM_KEY_H

#include "nodes/pg_list.h"
#include "utils/relcache.h"

/*
 * mm_key_name: the name of a key of an index, which is the name of the table's
 * column, or the one that CREATE INDEX gave to an expression.
 *
 * mm_key_opclass: the key's operator class.
 *
 * mm_key_opclasses: those of all keys, as they are in the catalog's row, which the
 * relation cache has.
 *
 * mm_key_expression: the key's expression, or NULL if the key is a column.
 *
 * mm_stored_expression, mm_stored_expressions, mm_stored_predicate: the key's expression
 * as it was written, those of all keys that are expressions, and the WHERE clause; NULL if
 * there is none.  What the relation cache has instead is simplified: functions of constants
 * have been called for that, with the rights of whoever asked first.
 */
extern const char *mm_key_name(Relation index, int key);
extern Oid	mm_key_opclass(Relation index, int key);
extern const Oid *mm_key_opclasses(Relation index);
extern Node *mm_key_expression(Relation index, int key);
extern Node *mm_stored_expression(Relation index, int key);
extern List *mm_stored_expressions(Relation index);
extern Node *mm_stored_predicate(Relation index);

#endif							/* MM_KEY_H */
