/* Frames of the link and their bytes, as codec.py has them: it is the reference. */

#ifndef OHM_CODEC_H
#define OHM_CODEC_H

#include <stddef.h>
#include <stdint.h>

enum { OHM_MAX_PAYLOAD = 256, OHM_MAX_WIRE = 272 };

/* A frame; its payload is in `body`. */
typedef struct {
  uint8_t type, seq;
  uint16_t arg;
  const uint8_t *payload;
  size_t size;
  uint8_t body[OHM_MAX_WIRE];
} ohm_frame_t;

/* Call once, before the others. */
void ohm_codec_start(void);

/* The bytes of a frame on the wire, delimiter included; returns how many. `size` is at most OHM_MAX_PAYLOAD, and `out`
 * has OHM_MAX_WIRE bytes. */
size_t ohm_encode_frame(uint8_t type, uint8_t seq, uint16_t arg, const uint8_t *payload, size_t size, uint8_t *out);

/* The frame whose bytes, delimiter excluded, these are; they hold no zero. Returns 0 if they are no good frame. */
int ohm_decode_frame(const uint8_t *piece, size_t size, ohm_frame_t *frame);

#endif
