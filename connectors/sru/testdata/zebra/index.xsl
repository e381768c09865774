<!-- What of a record can be searched: numbers without hyphens, as one word each. -->
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform" xmlns:z="http://indexdata.com/zebra-2.0" xmlns:m="http://www.loc.gov/MARC21/slim">
  <xsl:template match="text()"/>
  <xsl:template match="m:record">
    <z:record z:id="{m:controlfield[@tag='001']}" z:type="update"><xsl:apply-templates/></z:record>
  </xsl:template>
  <xsl:template match="m:datafield[@tag='020']/m:subfield[@code='a']"><z:index name="isbn:w"><xsl:value-of select="translate(., '-', '')"/></z:index></xsl:template>
  <xsl:template match="m:datafield[@tag='022']/m:subfield[@code='a']"><z:index name="issn:w"><xsl:value-of select="translate(., '-', '')"/></z:index></xsl:template>
  <xsl:template match="m:datafield[@tag='035']/m:subfield[@code='a']"><z:index name="oclc:w"><xsl:value-of select="substring-after(., ')')"/></z:index></xsl:template>
  <xsl:template match="m:datafield[@tag='100']/m:subfield[@code='a']"><z:index name="author:w"><xsl:value-of select="."/></z:index></xsl:template>
  <xsl:template match="m:datafield[@tag='245']/m:subfield[@code='a']"><z:index name="title:w"><xsl:value-of select="."/></z:index></xsl:template>
</xsl:stylesheet>
