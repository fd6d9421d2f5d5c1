// All peers, in the order in which they are measured.

import edgevec from './edgevec.mjs';
import hnswlib from './hnswlib.mjs';
import int8 from './int8.mjs';
import usearch from './usearch.mjs';
import voy from './voy.mjs';

export const PEERS = [...hnswlib, ...voy, ...edgevec, ...usearch, ...int8];
