import { readFileSync } from 'node:fs';
const dir='/tmp/peers-data/10k/';
const f32=(n)=>new Float32Array(new Uint8Array(readFileSync(dir+n)).buffer);
const rows=f32('rows.f32'),queries=f32('queries.f32'),exp=new Uint32Array(new Uint8Array(readFileSync(dir+'expected.u32')).buffer);
const D=64,N=rows.length/D,Q=50,W=72;
let max=0;const n2=[];for(let r=0;r<N;r++){let s=0;for(let d=0;d<D;d++)s+=rows[r*D+d]**2;n2.push(s);max=Math.max(max,s)}
const aug=new Float32Array(N*W);for(let r=0;r<N;r++){aug.set(rows.subarray(r*D,r*D+D),r*W);aug[r*W+D]=Math.sqrt(max-n2[r])}
const pad=q=>{const o=new Float32Array(W);o.set(q);return o};
const rec=(f)=>{let h=0;const t=performance.now();for(let q=0;q<Q;q++){const got=f(queries.slice(q*D,q*D+D));const s=new Set(exp.subarray(q*20,q*20+20));h+=got.filter(x=>s.has(x)).length}return [h/Q/20,(performance.now()-t)/Q]};
const init=(await import('edgevec'));
const ex=await init.default({module_or_path:readFileSync('node_modules/edgevec/edgevec_bg.wasm')});
const mk=(type,metric,W)=>{const c=new init.EdgeVecConfig(W);c.setMetricType(metric);c.indexType=type;c.m=16;c.m0=32;c.ef_construction=128;c.ef_search=20;return new init.EdgeVec(c)};
const {JsIndexType:T,MetricType:M}=init;
try { const v=mk(T.Flat,M.Dot,D); let t=performance.now(); const id0=v.insert(rows.slice(0,D));for(let r=1;r<N;r++)v.insert(rows.slice(r*D,r*D+D)); console.log('flat dot build',performance.now()-t,id0);
 console.log(v.search(queries.slice(0,D),20).slice(0,3));
 console.log(rec(q=>v.search(q,20).map(r=>r.id)),rec(q=>v.search(q,20).map(r=>r.id-1)),rec(q=>v.search(q.map(x=>-x),20).map(r=>r.id)));
 try{v.enableBQ();console.log('flat bq',v.hasBQ())}catch(e){console.log(e)}
} catch(e){console.log('ERR',e)}
try { const v=mk(T.Flat,M.L2,W); let t=performance.now(); const id0=v.insert(aug.slice(0,W));for(let r=1;r<N;r++)v.insert(aug.slice(r*W,r*W+W)); console.log('flat L2 build',performance.now()-t,id0);
 console.log(v.search(pad(queries.slice(0,D)),20).slice(0,3));
 console.log(rec(q=>v.search(pad(q),20).map(r=>r.id)),rec(q=>v.search(pad(q),20).map(r=>r.id-1)));
} catch(e){console.log('ERR',e)}
for (const mode of ['insert then enable','enable then insert']) try { const v=mk(T.Hnsw,M.L2,W); let t=performance.now(); if(mode[0]=='e')v.enableBQ(); const ids=v.insertBatchFlat(aug,N); console.log(mode,'build',performance.now()-t,ids[0],ex.memory.buffer.byteLength);
 if(mode[0]=='i')v.enableBQ();
 for (const ef of [20,50,100,200,400,800]) console.log(ef,rec(q=>v.search(pad(q),ef).slice(0,20).map(r=>r.id-1)));
 console.log(v.searchBQRescored(pad(queries.slice(0,D)),20,5).slice(0,3));
 for (const f of [1,3,5,10,20,40,100]) console.log(f,rec(q=>v.searchBQRescored(pad(q),20,f).map(r=>r.id-1)));
} catch(e){console.log('ERR',e)}
