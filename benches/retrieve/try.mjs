import { readFileSync } from 'node:fs';
const dir='/tmp/peers-data/10k/';
const f32=(n)=>new Float32Array(new Uint8Array(readFileSync(dir+n)).buffer);
const rows=f32('rows.f32'),queries=f32('queries.f32'),exp=new Uint32Array(new Uint8Array(readFileSync(dir+'expected.u32')).buffer);
const D=64,N=rows.length/D,Q=50;
const rec=(f)=>{let h=0;const t=performance.now();for(let q=0;q<Q;q++){const got=f(queries.slice(q*D,q*D+D));const s=new Set(exp.subarray(q*20,q*20+20));h+=got.filter(x=>s.has(x)).length}return [h/Q/20,(performance.now()-t)/Q]};
const init=(await import('edgevec'));
const ex=await init.default({module_or_path:readFileSync('node_modules/edgevec/edgevec_bg.wasm')});
const mk=(type,bq)=>{const c=new init.EdgeVecConfig(D);c.setMetricType(init.MetricType.Dot);c.indexType=type;c.m=16;c.m0=32;c.ef_construction=128;c.ef_search=20;return new init.EdgeVec(c)};
console.log(init.getSimdBackend?.());
for (const type of [init.JsIndexType.Flat,init.JsIndexType.Hnsw]) {
 try {
 const v=mk(type); let t=performance.now();
 const ids=v.insertBatchFlat(rows,N);
 console.log(type,'build',performance.now()-t,ids[0],ids[1],ids[N-1], ex.memory.buffer.byteLength);
 const r=v.search(queries.slice(0,D),20); console.log(r.slice(0,3));
 for (const ef of [20,50,100,200,400,800]) console.log(ef,rec(q=>v.search(q,ef).slice(0,20).map(r=>r.id)),rec(q=>v.search(q,ef).slice(0,20).map(r=>r.id-1)));
 } catch(e){console.log('ERR',type,e)}
}
try {
 const v=mk(init.JsIndexType.Hnsw); console.log('hasBQ',v.hasBQ()); try{v.enableBQ();}catch(e){console.log('enable',e)}; console.log('hasBQ',v.hasBQ());
 let t=performance.now(); const id=v.insertWithBq(rows.slice(0,D)); for(let r=1;r<N;r++) v.insertWithBq(rows.slice(r*D,r*D+D));
 console.log('bq build',performance.now()-t,id);
 console.log(v.searchBQRescored(queries.slice(0,D),20,5).slice(0,3));
 for (const f of [1,3,5,10,20,40,100]) console.log(f,rec(q=>v.searchBQRescored(q,20,f).map(r=>r.id)),rec(q=>v.searchBQRescored(q,20,f).map(r=>r.id-1)));
 console.log('bq index, float search',rec(q=>v.search(q,200).slice(0,20).map(r=>r.id)));
 } catch(e){console.log('ERR',e)}
