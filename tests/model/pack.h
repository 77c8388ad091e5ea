/*
 * pack - worlds and replicas in as few bytes as the bounds allow. Two are equal if and only if they
 * behave the same from then on.
 */
#ifndef PROMOGATE_TESTS_MODEL_PACK_H
#define PROMOGATE_TESTS_MODEL_PACK_H

#include "model.h"

enum { PACKED_MAX = 96 };

/* Bytes; the same for every world, and every replica, of a model. */
size_t pack_world(const struct model *m, const struct world *w, uint8_t to[PACKED_MAX]);
size_t pack_replica(const struct model *m, const struct replica *r, uint8_t to[PACKED_MAX]);
void unpack_world(const struct model *m, const uint8_t *from, struct world *w);
void unpack_replica(const struct model *m, const uint8_t *from, struct replica *r);

#endif
